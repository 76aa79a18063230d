import type { MadeToken } from '@vitrine/sdk/tokens.ts'
import { VitrineApiError } from '@vitrine/sdk/error.ts'
import { useState } from 'preact/hooks'
import type { Site } from '../site.ts'
import { problemText } from '../words.ts'

const ends = [
  { word: 'until revoked', days: undefined },
  { word: 'for a day', days: 1 },
  { word: 'for 30 days', days: 30 },
  { word: 'for a year', days: 365 },
] as const

export function NewTokenForm({ site, onMade }: { site: Site; onMade: (token: MadeToken) => void }) {
  const [name, setName] = useState('')
  const [end, setEnd] = useState(0)
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const create = async (event: SubmitEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      const days = ends[end]?.days
      onMade(
        await site.vitrine.tokens.create(name, { seconds: days === undefined ? undefined : days * 86_400 }),
      )
      setName('')
    } catch (error) {
      const about =
        error instanceof VitrineApiError ? error.details.find(({ path }) => path === 'name') : undefined
      setProblem(about?.message ?? problemText(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="new-token" onSubmit={(event) => void create(event)} noValidate>
      <div class="field">
        <label for="token-name">What is it for?</label>
        <input
          id="token-name"
          type="text"
          maxLength={100}
          autoComplete="off"
          placeholder="nightly reports"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          {...(problem && { 'aria-invalid': true, 'aria-describedby': 'token-problem' })}
        />
      </div>
      <div class="field">
        <label for="token-end">Good</label>
        <select id="token-end" value={end} onChange={(event) => setEnd(Number(event.currentTarget.value))}>
          {ends.map(({ word }, index) => (
            <option key={word} value={index}>
              {word}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" class="primary" disabled={isBusy}>
        Make a token
      </button>
      <p id="token-problem" role="alert" class="problem">
        {problem}
      </p>
    </form>
  )
}
