import { useState } from 'preact/hooks'
import type { Job, Site } from '../site.ts'
import { visible } from '../visible.ts'
import { upload, type Upload } from './upload.ts'

/** Takes files that are dropped or chosen into the live sandbox. Those that would replace others are asked about first. */
export function UploadBox(props: {
  site: Site
  job: Job
  existing: ReadonlySet<string>
  onDone: () => void
}) {
  const { site, job, existing, onDone } = props
  const [uploads, setUploads] = useState<readonly Upload[]>([])
  const [asked, setAsked] = useState<readonly globalThis.File[]>([])
  const [said, setSaid] = useState('')
  const [isOver, setOver] = useState(false)
  const isLive = job.desktop.state === 'live'

  const send = (files: readonly globalThis.File[]) => {
    for (const file of files) {
      upload({ base: site.base, id: job.id }, file, (changed) => {
        setUploads((all) => [...all.filter(({ name }) => name !== changed.name), changed])
        if (changed.state === 'done') onDone()
      })
    }
  }
  const take = (files: readonly globalThis.File[]) => {
    setSaid('')
    send(files.filter(({ name }) => !existing.has(name)))
    setAsked(files.filter(({ name }) => existing.has(name)))
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    const items = [...(event.dataTransfer?.items ?? [])]
    const folders = items.filter((item) => item.webkitGetAsEntry()?.isDirectory)
    take(items.filter((item) => !folders.includes(item)).flatMap((item) => item.getAsFile() ?? []))
    if (folders.length > 0) setSaid('Folders are left out: drop their files.')
  }
  const answer = (replace: boolean) => {
    if (replace) send(asked)
    setAsked([])
  }

  if (!isLive) return <p class="hint">Files can be added while the desktop is live.</p>
  return (
    <div
      class="upload-box"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <label>
        <span>
          Drop files here, or <u>choose some</u>: they go to /output
        </span>
        <input
          type="file"
          class="unseen"
          multiple
          onChange={(event) => {
            take([...(event.currentTarget.files ?? [])])
            event.currentTarget.value = ''
          }}
        />
      </label>
      {said && <p role="status">{said}</p>}
      {asked.length > 0 && <Replace names={asked.map(({ name }) => name)} answer={answer} />}
      {uploads.length > 0 && <Uploads uploads={uploads} />}
    </div>
  )
}

function Replace({ names, answer }: { names: readonly string[]; answer: (replace: boolean) => void }) {
  return (
    <div role="alert" class="buttons">
      <p>
        {names.map(visible).join(', ')} {names.length === 1 ? 'is' : 'are'} there already.
      </p>
      <button type="button" class="danger" onClick={() => answer(true)}>
        Replace
      </button>
      <button type="button" onClick={() => answer(false)}>
        Keep what is there
      </button>
    </div>
  )
}

function Uploads({ uploads }: { uploads: readonly Upload[] }) {
  return (
    <ul aria-label="Uploads">
      {uploads.map((one) => (
        <li key={one.name} data-state={one.state}>
          <span>{visible(one.name)}</span>
          {one.state === 'going' && (
            <>
              <progress value={one.sent} max={1} aria-label={`Upload of ${visible(one.name)}`} />
              <button type="button" onClick={one.cancel}>
                Cancel
              </button>
            </>
          )}
          {one.state === 'done' && <span data-tone="good">uploaded</span>}
          {one.state === 'failed' && <span class="problem">{one.problem}</span>}
        </li>
      ))}
    </ul>
  )
}
