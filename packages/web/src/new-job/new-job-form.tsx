import { VitrineApiError } from '@vitrine/sdk/error.ts'
import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { jobPath } from '../address.ts'
import { usePolled } from '../polled.ts'
import type { NewJobInput, Site } from '../site.ts'
import { problemText, size } from '../words.ts'

const fields = ['task', 'model', 'language', 'check', 'name'] as const
type Field = (typeof fields)[number]
type Problems = Partial<Record<Field | 'form', string>>

/** Makes a job and goes to its page. What the server refuses is shown at the field it is about. */
export function NewJobForm(props: { site: Site; task: string; onTask: (task: string) => void }) {
  const { site } = props
  const models = usePolled('models', 30_000, (signal) => site.vitrine.models.list({ signal }))
  const defaultName = models.value?.find((model) => model.default)?.name
  const others = models.value?.filter((model) => !model.default) ?? []
  const [problems, setProblems] = useState<Problems>({})
  const [isBusy, setBusy] = useState(false)
  const lastTry = useRef({ body: '', key: '' })

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const job = newJob(new FormData(form))
    setBusy(true)
    setProblems({})
    try {
      const idempotencyKey = keyOf(lastTry.current, JSON.stringify(job))
      const { id } = await site.vitrine.jobs.create(job, { idempotencyKey })
      props.onTask('')
      site.go(jobPath(site.base, id))
    } catch (error) {
      const found = problemsOf(error)
      setProblems(found)
      setBusy(false)
      const first = fields.find((field) => found[field])
      if (first) form.querySelector<HTMLElement>(`[name=${first}]`)?.focus()
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Labelled field="task" label="What should it build?" problem={problems.task}>
        <textarea
          {...described('task', problems)}
          rows={5}
          required
          value={props.task}
          onInput={(event) => props.onTask(event.currentTarget.value)}
        />
      </Labelled>
      <div class="pair">
        <Labelled field="model" label="Model" problem={problems.model}>
          <select {...described('model', problems)}>
            <option value="">{defaultName ? `${defaultName} (default)` : 'Default'}</option>
            {others.map(({ name, bytes }) => (
              <option key={name} value={name}>
                {name}, {size(bytes)}
              </option>
            ))}
          </select>
        </Labelled>
        <Labelled field="language" label="Language" problem={problems.language}>
          <select {...described('language', problems)}>
            <option value="python">Python</option>
            <option value="javascript">JavaScript</option>
            <option value="bash">Bash</option>
          </select>
        </Labelled>
      </div>
      <details open={problems.check || problems.name ? true : undefined}>
        <summary>Name and expected output</summary>
        <Labelled field="name" label="Name (optional)" problem={problems.name}>
          <input {...described('name', problems)} type="text" maxLength={100} autoComplete="off" />
        </Labelled>
        <Labelled field="check" label="Expected output (optional)" problem={problems.check}>
          <textarea {...described('check', problems)} rows={3} class="code" />
        </Labelled>
        <p class="hint">
          With it, a job succeeds only if the program prints this. Blank lines and extra spaces don’t count.
        </p>
      </details>
      <p role="alert" class="problem">
        {problems.form}
      </p>
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? 'Starting …' : 'Start the job'}
      </button>
    </form>
  )
}

function Labelled(props: {
  field: Field
  label: string
  problem: string | undefined
  children: ComponentChildren
}) {
  return (
    <div class="field">
      <label for={props.field}>{props.label}</label>
      {props.children}
      {props.problem && (
        <p class="problem" id={`${props.field}-problem`}>
          {props.problem}
        </p>
      )}
    </div>
  )
}

const described = (field: Field, problems: Problems) => ({
  id: field,
  name: field,
  ...(problems[field] && { 'aria-invalid': true, 'aria-describedby': `${field}-problem` }),
})

function newJob(form: FormData): NewJobInput {
  const text = (field: Field) => {
    const value = form.get(field)
    return typeof value === 'string' ? value : ''
  }
  return {
    task: text('task'),
    language: text('language') as NonNullable<NewJobInput['language']>,
    ...(text('model') && { model: text('model') }),
    ...(text('name').trim() && { name: text('name') }),
    ...(text('check') && { check: { stdout: text('check') } }),
  }
}

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

/** Puts each detail at its field (`check.stdout` belongs to `check`), the others under the form. */
function problemsOf(error: unknown): Problems {
  if (!(error instanceof VitrineApiError) || error.details.length === 0) return { form: problemText(error) }
  const problems: Problems = {}
  for (const { path, message } of error.details) {
    const field = fields.find((field) => path === field || path.startsWith(`${field}.`))
    const text = field ? message : `${path}: ${message}`
    const place = field ?? 'form'
    problems[place] = problems[place] ? `${problems[place]}; ${text}` : text
  }
  return problems
}
