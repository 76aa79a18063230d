import { z } from 'zod'
import { FileList } from '../link.ts'
import { ofJob, route } from './route.ts'

export const fileRoutes = {
  listFiles: route({
    method: 'GET',
    path: '/jobs/{id}/files',
    summary: 'List the job’s files',
    params: ofJob,
    success: { status: 200, body: FileList },
    errors: ['not_found'],
  }),
  readFile: route({
    method: 'GET',
    path: '/jobs/{id}/files/{path}',
    summary: 'Download one file; the path may hold encoded slashes or plain ones',
    params: ofJob.extend({ path: z.string().min(1).max(4096) }),
    success: { status: 200, body: { media: ['application/octet-stream'] } },
    errors: ['not_found'],
  }),
  writeFile: route({
    method: 'PUT',
    path: '/jobs/{id}/files/{path}',
    summary:
      'Put a file into the live sandbox’s /output, in the place of one that is there; it is there whole, or not at all',
    params: ofJob.extend({ path: z.string().min(1).max(4096) }),
    body: { media: ['application/octet-stream'] },
    success: { status: 204 },
    errors: ['not_found', 'conflict', 'too_large'],
  }),
  readZip: route({
    method: 'GET',
    path: '/jobs/{id}/files.zip',
    summary: 'Download all files as a zip archive',
    params: ofJob,
    success: { status: 200, body: { media: ['application/zip'] } },
    errors: ['not_found'],
  }),
  readTar: route({
    method: 'GET',
    path: '/jobs/{id}/files.tar.gz',
    summary: 'Download all files as a gzipped tar archive',
    params: ofJob,
    success: { status: 200, body: { media: ['application/gzip'] } },
    errors: ['not_found'],
  }),
}
