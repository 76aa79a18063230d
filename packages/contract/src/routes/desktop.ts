import { z } from 'zod'
import { Control, ControlCall, ControlGift, NewInput, ViewerId } from '../control.ts'
import { ofJob, route } from './route.ts'

export const desktopRoutes = {
  readScreenshot: route({
    method: 'GET',
    path: '/jobs/{id}/screenshot.png',
    summary: 'A fresh picture of the live desktop',
    params: ofJob,
    success: { status: 200, body: { media: ['image/png'] } },
    errors: ['not_found', 'conflict'],
  }),
  readControl: route({
    method: 'GET',
    path: '/jobs/{id}/control',
    summary: 'Who drives the desktop, who watches, who asks',
    params: ofJob,
    query: z.strictObject({ viewer: ViewerId.optional() }),
    success: { status: 200, body: Control },
    errors: ['not_found'],
  }),
  requestControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/request',
    summary: 'Ask to drive; where nobody does, the viewer drives at once',
    params: ofJob,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  takeControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/take',
    summary: 'Drive, whoever did before',
    params: ofJob,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  giveControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/give',
    summary: 'Let another viewer drive',
    params: ofJob,
    body: ControlGift,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  releaseControl: route({
    method: 'POST',
    path: '/jobs/{id}/control/release',
    summary: 'Drive no more, or ask no more',
    params: ofJob,
    body: ControlCall,
    success: { status: 200, body: Control },
    errors: ['not_found', 'conflict', 'not_json'],
  }),
  sendInput: route({
    method: 'POST',
    path: '/jobs/{id}/input',
    summary:
      'Type and click on the live desktop; drives it where nobody does, and is refused where another viewer does',
    params: ofJob,
    body: NewInput,
    success: { status: 204 },
    errors: ['not_found', 'conflict', 'not_json', 'too_large'],
  }),
}
