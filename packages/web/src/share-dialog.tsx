import { useId, useRef, useState } from 'preact/hooks'
import { clock } from './clock.ts'
import type { Site } from './site.ts'
import { problemText, secondsBetween, span } from './words.ts'

type Share = Awaited<ReturnType<Site['vitrine']['jobs']['shares']['list']>>[number]

const times = [
  [3600, 'an hour'],
  [8 * 3600, '8 hours'],
  [24 * 3600, 'a day'],
  [7 * 24 * 3600, 'a week'],
] as const
const modeWord = { view: 'to watch', control: 'to drive' }

type Moment = NonNullable<Share['moment']>

/**
 * A button that opens a dialog to make, copy and revoke a job’s links: to its desktop, or with a `moment` to the recording
 * of a run from there on.
 */
export function ShareDialog({ site, id, moment }: { site: Site; id: string; moment?: Moment }) {
  const { shares } = site.vitrine.jobs
  const titleId = useId()
  // While the dialog is open, what plays behind it goes on.
  const [chosen, setChosen] = useState(moment)
  const dialog = useRef<HTMLDialogElement>(null)
  const [list, setList] = useState<readonly Share[]>()
  const [made, setMade] = useState('')
  const [said, setSaid] = useState('')

  const run = async (action: () => Promise<string>) => {
    try {
      setSaid(await action())
      setList(await shares.list(id))
    } catch (error) {
      setSaid(problemText(error))
    }
  }
  const open = () => {
    setMade('')
    setChosen(moment)
    dialog.current?.showModal()
    void run(async () => '')
  }
  const make = (event: SubmitEvent) => {
    event.preventDefault()
    const wanted = new FormData(event.currentTarget as HTMLFormElement)
    const mode = wanted.get('mode') === 'control' ? 'control' : 'view'
    void run(async () => {
      const seconds = Number(wanted.get('seconds'))
      const { url } = await shares.create(id, { seconds, ...(chosen ? { moment: chosen } : { mode }) })
      setMade(url)
      return 'The link is made. It is shown only now.'
    })
  }
  const revoke = (share: string) =>
    run(async () => {
      await shares.delete(id, share)
      return 'The link was revoked; who watched by it is closed.'
    })

  return (
    <>
      <button type="button" onClick={open}>
        {moment ? 'Share this moment …' : 'Share …'}
      </button>
      <dialog ref={dialog} aria-labelledby={titleId} class="share">
        <h2 id={titleId}>{chosen ? 'Share this recording' : 'Share this desktop'}</h2>
        <p>
          {chosen
            ? `Whoever has a link sees this recording, from ${clock(chosen.seconds * 1000)} on, until the link ends, and nothing else of this server. It is good also when the desktop is gone.`
            : 'Whoever has a link sees this desktop until the link ends, and nothing else of this server.'}
        </p>
        <LinkForm ofRecording={chosen !== undefined} make={make} />
        {made && <MadeLink url={made} />}
        <p role="status">{said}</p>
        {list && list.length > 0 && <Links list={list} revoke={(share) => void revoke(share)} />}
        <form method="dialog" class="buttons">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  )
}

function LinkForm(props: { ofRecording: boolean; make: (event: SubmitEvent) => void }) {
  const { ofRecording, make } = props
  return (
    <form onSubmit={make}>
      {!ofRecording && (
        <label>
          Guests come
          <select name="mode">
            <option value="view">to watch only</option>
            <option value="control">to watch and drive</option>
          </select>
        </label>
      )}
      <label>
        {ofRecording ? 'Good for' : 'for'}
        <select name="seconds">
          {times.map(([seconds, word]) => (
            <option key={seconds} value={seconds} selected={seconds === 24 * 3600}>
              {word}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary">
        Make a link
      </button>
    </form>
  )
}

function Links({ list, revoke }: { list: readonly Share[]; revoke: (share: string) => void }) {
  return (
    <ul aria-label="Links that are good now">
      {list.map((share) => (
        <li key={share.id}>
          <span>
            {linkWord(share)}, ends in {span(-secondsBetween(share.expiresAt, Date.now()))}
            {share.moment === null && `, ${share.viewers} watching`}
          </span>
          <button type="button" class="danger" onClick={() => revoke(share.id)}>
            Revoke
          </button>
        </li>
      ))}
    </ul>
  )
}

function linkWord({ mode, moment }: Share): string {
  if (!moment) return `Link ${modeWord[mode]}`
  return `Link to ${clock(moment.seconds * 1000)} of run ${moment.run}’s recording`
}

/** Without a secure context browsers copy only what is selected. */
function MadeLink({ url }: { url: string }) {
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState('')
  const copy = async () => {
    field.current?.select()
    try {
      await navigator.clipboard.writeText(url)
      setCopied('Copied.')
    } catch {
      setCopied('The link is selected: copy it with the keyboard.')
    }
  }
  return (
    <div class="made-link">
      <input ref={field} readOnly value={url} aria-label="The new link" />
      <button type="button" onClick={() => void copy()}>
        Copy
      </button>
      <span role="status">{copied}</span>
    </div>
  )
}
