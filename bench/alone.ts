import { freePort } from '../test/testbed/free-port.ts'
import { cleanUp } from './clean-up.ts'
import { docker, image } from './docker.ts'
import { task } from './model.ts'
import { firstFrameOnceUp } from './rfb-frame.ts'

/** `docker run -p` of the sandbox image with a task, without a server: milliseconds from the command to the first frame. */
export async function runAlone(modelUrl: string, signal: AbortSignal): Promise<number> {
  const port = await freePort()
  const name = `vitrine-bench-${port}`
  let started: Promise<unknown> = Promise.resolve()
  const remove = cleanUp(async () => {
    await started.catch(() => {})
    await docker('rm', '--force', name)
  })
  const began = performance.now()
  try {
    // It returns before anything listens. Who connects before there is a network loses a second to ARP.
    const network = ['--publish', `127.0.0.1:${port}:6080`, '--add-host', 'host.docker.internal:host-gateway']
    const model = ['--env', `OLLAMA_HOST=${modelUrl}`]
    started = docker('run', '--detach', '--name', name, ...network, ...model, image, task)
    await started
    await firstFrameOnceUp(`ws://127.0.0.1:${port}/websockify`, signal)
    return performance.now() - began
  } finally {
    await remove()
  }
}
