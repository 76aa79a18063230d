/** Runs work on the same key one after the other, in the order of the calls; on different keys at once. */
export function inTurn(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<void>>()
  return async (key, work) => {
    const before = last.get(key)
    const { promise, resolve } = Promise.withResolvers<void>()
    last.set(key, promise)
    try {
      await before
      return await work()
    } finally {
      if (last.get(key) === promise) last.delete(key)
      resolve()
    }
  }
}
