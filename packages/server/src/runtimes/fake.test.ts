import { runtimeConformance } from './conformance.ts'
import { fakeCallMs, fakeRuntime } from './fake.ts'

runtimeConformance('fake', async () => {
  const runtime = fakeRuntime()
  const silent = fakeRuntime()
  silent.freeze()
  const broken = fakeRuntime()
  broken.failNextCreate('The fake engine could not start it.')
  return {
    runtime,
    neighbour: fakeRuntime(),
    silent: { runtime: silent, withinMs: fakeCallMs + 500 },
    broken,
    kill: (id) => runtime.exit(id, { exitCode: 137, outOfMemory: false }),
    exhaustMemory: (id) => runtime.exit(id, { exitCode: 137, outOfMemory: true }),
    pause: async (id) => runtime.pause(id),
    removeByHand: (id) => runtime.vanish(id),
    [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose](),
  }
})
