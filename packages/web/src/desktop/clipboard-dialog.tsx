import { clipboardBytes } from '@vitrine/sdk/control.ts'
import { useEffect, useRef, useState } from 'preact/hooks'

const most = `${clipboardBytes / 1024} KiB`
/** Browsers hide it from pages that came by plain HTTP from another machine. */
const canRead = typeof navigator.clipboard?.readText === 'function'

/** A button that opens what goes between the desktop’s clipboard and this browser’s, each way only when somebody asks for it. */
export function ClipboardDialog(props: {
  /** Puts a text on the desktop’s clipboard. */
  paste: (text: string) => void
  /** What was last copied on the desktop; null before anything was. */
  copied: string | null
  drives: boolean
}) {
  const { paste, copied, drives } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const [isNew, setNew] = useState(false)
  useEffect(() => setNew(copied !== null), [copied])
  const open = () => {
    setNew(false)
    dialog.current?.showModal()
  }
  return (
    <>
      <button type="button" onClick={open}>
        {isNew ? 'Clipboard: new text …' : 'Clipboard …'}
      </button>
      <dialog ref={dialog} aria-labelledby="clipboard-title" class="clipboard">
        <h2 id="clipboard-title">Clipboard</h2>
        {!canRead && (
          <p class="hint">
            This page’s address is not secure (https, or localhost), so the browser keeps its clipboard to
            itself: copy and paste here with the keyboard.
          </p>
        )}
        <FromDesktop copied={copied} />
        <ToDesktop paste={paste} drives={drives} />
        <form method="dialog" class="buttons">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  )
}

function FromDesktop({ copied }: { copied: string | null }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [said, setSaid] = useState('')
  useEffect(() => setSaid(''), [copied])
  const copy = async () => {
    field.current?.select()
    try {
      await navigator.clipboard.writeText(copied ?? '')
      setSaid('Copied.')
    } catch {
      setSaid('The text is selected: copy it with the keyboard.')
    }
  }
  const bytes = bytesOf(copied ?? '')
  return (
    <section>
      <h3>From the desktop</h3>
      {copied === null && <p class="hint">What is copied or selected there while you drive comes here.</p>}
      {bytes > clipboardBytes && (
        <p class="problem">
          It is {kib(bytes)}; at most {most} are taken.
        </p>
      )}
      {copied !== null && bytes <= clipboardBytes && (
        <>
          <textarea ref={field} readOnly rows={4} value={copied} aria-label="Text from the desktop" />
          <div class="buttons">
            <button type="button" onClick={() => void copy()}>
              Copy
            </button>
            <span role="status">{said}</span>
          </div>
        </>
      )}
    </section>
  )
}

function ToDesktop({ paste, drives }: { paste: (text: string) => void; drives: boolean }) {
  const [text, setText] = useState('')
  const [said, setSaid] = useState('')
  const read = async () => {
    try {
      setText(await navigator.clipboard.readText())
      setSaid('')
    } catch {
      setSaid('The browser did not allow it: paste into the field with the keyboard.')
    }
  }
  const give = (event: SubmitEvent) => {
    event.preventDefault()
    const bytes = bytesOf(text)
    if (bytes > clipboardBytes) return setSaid(`It is ${kib(bytes)}; at most ${most} are sent.`)
    paste(text)
    setSaid('It is on the desktop’s clipboard: paste it there.')
  }
  return (
    <form onSubmit={give}>
      <h3>To the desktop</h3>
      <textarea
        rows={4}
        value={text}
        aria-label="Text for the desktop"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="buttons">
        {canRead && (
          <button type="button" onClick={() => void read()}>
            Take this browser’s clipboard
          </button>
        )}
        <button type="submit" class="primary" disabled={!drives || text === ''}>
          Give it to the desktop
        </button>
      </div>
      <p role="status">{drives ? said : 'Drive the desktop first.'}</p>
    </form>
  )
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length
const kib = (bytes: number) => `${Math.ceil(bytes / 1024)} KiB`
