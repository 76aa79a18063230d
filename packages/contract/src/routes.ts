import { desktopRoutes } from './routes/desktop.ts'
import { eventRoutes } from './routes/events.ts'
import { fileRoutes } from './routes/files.ts'
import { jobRoutes } from './routes/jobs.ts'
import { modelRoutes } from './routes/models.ts'
import { recordingRoutes } from './routes/recordings.ts'
import { serverRoutes } from './routes/server.ts'
import { shareRoutes } from './routes/shares.ts'
import { tokenRoutes } from './routes/tokens.ts'

/** Everything under this prefix is the API; the path of each route is relative to it. */
export const apiPrefix = '/api/v1'

/** The one route table: the server's handlers, the OpenAPI document and the tests are made from it. */
export const routes = {
  ...jobRoutes,
  ...eventRoutes,
  ...fileRoutes,
  ...desktopRoutes,
  ...recordingRoutes,
  ...shareRoutes,
  ...modelRoutes,
  ...serverRoutes,
  ...tokenRoutes,
}

export type Routes = typeof routes
export type RouteId = keyof Routes
