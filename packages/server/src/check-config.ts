import { readConfig } from './config.ts'

/** Says what is wrong with the environment as `main.ts` would, and starts nothing: whoever sets up more asks before it. */
try {
  readConfig(process.env)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
