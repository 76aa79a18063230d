import { JobLimits } from '@vitrine/contract/job.ts'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { shownSettings } from './shown-settings.ts'

test('settings are shown under their variables, without passwords', () => {
  const config = readConfig({
    VITRINE_MODEL_SERVERS: 'http://me:secret@models.example:11434',
    VITRINE_POOL: '3',
  })
  const { settings } = shownSettings(config)
  const valueOf = (variable: string) => settings.find(({ name }) => name === variable)?.value
  expect(valueOf('VITRINE_POOL')).toBe('3')
  expect(valueOf('VITRINE_MODEL_SERVERS')).toBe('http://models.example:11434/')
  expect(JSON.stringify(settings)).not.toContain('secret')
})

test('the ranges are those of a job’s limits', () => {
  const { limits } = shownSettings(readConfig({}))
  expect(Object.keys(limits).toSorted()).toEqual(Object.keys(JobLimits.shape).toSorted())
  const defaults = Object.fromEntries(Object.entries(limits).map(([name, range]) => [name, range.default]))
  expect(JobLimits.parse({})).toEqual(defaults)
  for (const [name, { min, max }] of Object.entries(limits)) {
    expect(JobLimits.safeParse({ [name]: min }).success, name).toBe(true)
    expect(JobLimits.safeParse({ [name]: max }).success, name).toBe(true)
    expect(JobLimits.safeParse({ [name]: max + 1 }).success, name).toBe(false)
  }
})
