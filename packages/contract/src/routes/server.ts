import { Health, Settings } from '../server.ts'
import { route } from './route.ts'

export const serverRoutes = {
  readHealth: route({
    method: 'GET',
    path: '/health',
    summary: 'How the parts of this server do',
    success: { status: 200, body: Health },
    errors: [],
  }),
  readSettings: route({
    method: 'GET',
    path: '/settings',
    summary: 'What this server was started with, and the ranges of a job’s limits',
    success: { status: 200, body: Settings },
    errors: [],
  }),
}
