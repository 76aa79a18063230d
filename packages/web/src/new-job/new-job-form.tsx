import { useRef, useState } from 'preact/hooks'
import { jobPath } from '../address.ts'
import { examples, type Example } from '../examples.ts'
import { usePolled } from '../polled.ts'
import type { Site } from '../site.ts'
import { size } from '../words.ts'
import { CheckField } from './check-field.tsx'
import { emptyDraft, jobOf, type Draft, type Problems } from './draft.ts'
import { described, Field } from './field.tsx'
import { LimitsField } from './limits-field.tsx'
import { problemsOf } from './problems.ts'
import { TextField } from './text-field.tsx'

/** Makes a job and goes to its page. What the server refuses is shown at the field it is about. */
export function NewJobForm({ site, start }: { site: Site; start: Partial<Draft> }) {
  const [draft, setDraft] = useState<Draft>({ ...emptyDraft, ...start })
  const [problems, setProblems] = useState<Problems>({})
  const [isBusy, setBusy] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const lastTry = useRef({ body: '', key: '' })
  const settings = usePolled('settings', 300_000, (signal) => site.vitrine.settings({ signal }))
  const change = (changes: Partial<Draft>) => setDraft((draft) => ({ ...draft, ...changes }))

  const show = (found: Problems) => {
    setProblems(found)
    setBusy(false)
    // After the fields have their problems, and what they are folded into is open.
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus())
  }
  const submit = async () => {
    if (isBusy) return
    const made = jobOf(draft)
    if ('problems' in made) return show(made.problems)
    setBusy(true)
    setProblems({})
    try {
      const idempotencyKey = keyOf(lastTry.current, JSON.stringify(made.job))
      const { id } = await site.vitrine.jobs.create(made.job, { idempotencyKey })
      site.go(jobPath(site.base, id))
    } catch (error) {
      show(problemsOf(error, fieldsOf(draft)))
    }
  }

  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Examples onChoose={(example) => setDraft({ ...draft, ...draftOf(example) })} />
      <Field path="task" label="What should it build?" problems={problems}>
        <textarea
          {...described('task', problems)}
          rows={6}
          required
          value={draft.task}
          onInput={(event) => change({ task: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit()
          }}
        />
      </Field>
      <div class="pair">
        <ModelField site={site} draft={draft} problems={problems} onChange={change} />
        <Field path="language" label="Language" problems={problems}>
          <select
            {...described('language', problems)}
            value={draft.language}
            onChange={(event) => change({ language: event.currentTarget.value as Draft['language'] })}
          >
            <option value="python">Python</option>
            <option value="javascript">JavaScript</option>
            <option value="bash">Bash</option>
          </select>
        </Field>
      </div>
      <CheckField draft={draft} problems={problems} onChange={change} />
      {settings.value && (
        <LimitsField ranges={settings.value.limits} draft={draft} problems={problems} onChange={change} />
      )}
      <details open={problems['egress'] ? true : undefined}>
        <summary>Network</summary>
        <TextField
          path="egress"
          label="Hosts that its programs may reach (optional)"
          hint="None but those named here, with commas between. Each attempt is shown in the job’s story."
          placeholder="docs.example.org, *.example.net"
          problems={problems}
          value={draft.egress}
          onText={(egress) => change({ egress })}
        />
      </details>
      <details open={problems['name'] || problems['labels'] ? true : undefined}>
        <summary>Name and labels</summary>
        <Field path="name" label="Name (optional)" problems={problems}>
          <input
            {...described('name', problems)}
            type="text"
            maxLength={100}
            autoComplete="off"
            value={draft.name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </Field>
        <TextField
          path="labels"
          label="Labels (optional)"
          hint="To find it by: key=value, with commas between."
          placeholder="team=red, purpose=demo"
          problems={problems}
          value={draft.labels}
          onText={(labels) => change({ labels })}
        />
      </details>
      <p role="alert" class="problem">
        {problems['form']}
      </p>
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? 'Starting …' : 'Start the job'}
      </button>
    </form>
  )
}

function Examples({ onChoose }: { onChoose: (example: Example) => void }) {
  return (
    <div class="examples" role="group" aria-label="Examples to start from">
      <span class="hint">Start from:</span>
      {examples.map((example) => (
        <button key={example.word} type="button" onClick={() => onChoose(example)}>
          {example.word}
        </button>
      ))}
    </div>
  )
}

function ModelField(props: {
  site: Site
  draft: Draft
  problems: Problems
  onChange: (changes: Partial<Draft>) => void
}) {
  const { site, draft, problems, onChange } = props
  const { value: models = [] } = usePolled('models', 30_000, (signal) => site.vitrine.models.list({ signal }))
  const writing = models.filter(({ capabilities: can }) => can.length === 0 || can.includes('completion'))
  const usual = models.find((model) => model.default)
  const isUnknown = draft.model !== '' && !writing.some(({ name }) => name === draft.model)
  return (
    <Field path="model" label="Model" problems={problems}>
      <select
        {...described('model', problems)}
        value={draft.model}
        onChange={(event) => onChange({ model: event.currentTarget.value })}
      >
        <option value="">{usual ? `${usual.name} (default)` : 'Default'}</option>
        {writing
          .filter((model) => !model.default)
          .map(({ name, bytes, loaded }) => (
            <option key={name} value={name}>
              {name}, {size(bytes)}
              {loaded ? ', loaded' : ''}
            </option>
          ))}
        {isUnknown && <option value={draft.model}>{draft.model}</option>}
      </select>
    </Field>
  )
}

const draftOf = ({ task, language = 'python', stdout }: Example): Partial<Draft> => ({
  task,
  language,
  checkKind: stdout === undefined ? 'none' : 'stdout',
  stdout: stdout ?? '',
})

/** The fields that the form shows for this draft, by their paths; what lies below one belongs to it. */
const fieldsOf = (draft: Draft): string[] => [
  'task',
  'model',
  'language',
  ...(draft.checkKind === 'none' ? [] : [`check.${draft.checkKind}`]),
  'check',
  ...Object.keys(draft.limits).map((name) => `limits.${name}`),
  'egress',
  'name',
  'labels',
]

/** The same key for the same job sent again, so that a lost answer makes no second job. */
function keyOf(lastTry: { body: string; key: string }, body: string): string {
  if (lastTry.body !== body) {
    lastTry.body = body
    lastTry.key = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join(
      '-',
    )
  }
  return lastTry.key
}
