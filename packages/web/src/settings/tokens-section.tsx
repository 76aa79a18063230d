import type { MadeToken, Token } from '@vitrine/sdk/tokens.ts'
import { useRef, useState } from 'preact/hooks'
import { useNow, usePolled } from '../polled.ts'
import type { Site } from '../site.ts'
import { problemText, secondsBetween, span } from '../words.ts'
import { NewTokenForm } from './new-token-form.tsx'

/** What programs come in with: making, showing once, listing, revoking. */
export function TokensSection({ site }: { site: Site }) {
  const {
    value: tokens,
    error,
    again,
  } = usePolled('tokens', 15_000, (signal) => site.vitrine.tokens.list({ signal }))
  const [made, setMade] = useState<MadeToken>()
  const onMade = (token: MadeToken) => {
    setMade(token)
    again()
  }
  const onRevoked = (id: string) => {
    if (made?.id === id) setMade(undefined)
    again()
  }
  return (
    <section aria-labelledby="tokens">
      <h2 id="tokens">API tokens</h2>
      <p class="hint">
        For programs that use this server by REST or the SDK, sent as <code>Authorization: Bearer …</code>. A
        token does all that you can but make tokens and sign-in links.
      </p>
      <NewTokenForm site={site} onMade={onMade} />
      {made && <Shown made={made} onClose={() => setMade(undefined)} />}
      {error !== undefined && (
        <p role="status" class="problem">
          {problemText(error)}
        </p>
      )}
      {tokens?.length === 0 && <p class="none">There are none yet.</p>}
      {tokens && tokens.length > 0 && (
        <ul class="tokens">
          {tokens.map((token) => (
            <li key={token.id}>
              <TokenRow site={site} token={token} onRevoked={onRevoked} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** The one time that a token is seen. */
function Shown({ made, onClose }: { made: MadeToken; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    field.current?.select()
    // Browsers lend the clipboard only to secure pages; what is selected can be copied by hand.
    await navigator.clipboard?.writeText(made.token).then(
      () => setCopied(true),
      () => {},
    )
  }
  return (
    <div class="made-token" role="status">
      <label for="made-token">
        The token <b>{made.name}</b>: copy it now, it is not shown again.
      </label>
      <div>
        <input
          ref={field}
          id="made-token"
          class="code"
          type="text"
          readOnly
          value={made.token}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" onClick={() => void copy()}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
        <button type="button" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  )
}

function TokenRow({ site, token, onRevoked }: { site: Site; token: Token; onRevoked: (id: string) => void }) {
  const now = useNow(10_000)
  const [problem, setProblem] = useState('')
  const isOver = token.expiresAt !== null && Date.parse(token.expiresAt) <= now
  const revoke = async () => {
    try {
      await site.vitrine.tokens.delete(token.id)
      onRevoked(token.id)
    } catch (error) {
      setProblem(problemText(error))
    }
  }
  return (
    <>
      <div>
        <h3>{token.name}</h3>
        <p class="facts">
          <span class="id">{token.id}</span>
          <span>made {span(secondsBetween(token.createdAt, now))} ago</span>
          <span data-tone={isOver ? 'bad' : undefined}>{endOf(token, now)}</span>
          <span>{token.usedAt ? `used ${span(secondsBetween(token.usedAt, now))} ago` : 'never used'}</span>
        </p>
        <p role="alert" class="problem">
          {problem}
        </p>
      </div>
      <button type="button" class="danger" onClick={() => void revoke()}>
        {isOver ? 'Remove' : 'Revoke'}
        <span class="unseen"> {token.name}</span>
      </button>
    </>
  )
}

function endOf({ expiresAt }: Token, now: number): string {
  if (expiresAt === null) return 'good until revoked'
  const left = -secondsBetween(expiresAt, now)
  return left > 0 ? `good for ${span(left)}` : 'its time is over'
}
