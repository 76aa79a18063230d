import { useState } from 'preact/hooks'
import type { CheckKind, Draft, Problems } from './draft.ts'
import { described, Field } from './field.tsx'
import { TextField } from './text-field.tsx'

const kinds: { kind: CheckKind; word: string; about: string }[] = [
  { kind: 'none', word: 'That it runs', about: 'Any program that ends without an error succeeds.' },
  { kind: 'stdout', word: 'What it prints', about: 'It must print this text.' },
  {
    kind: 'tests',
    word: 'A test file',
    about: 'These tests must pass; the program is imported as `program`.',
  },
  { kind: 'command', word: 'A command', about: 'This must end with exit code 0.' },
]

type Props = { draft: Draft; problems: Problems; onChange: (changes: Partial<Draft>) => void }

/** What decides whether a program is good. */
export function CheckField({ draft, problems, onChange }: Props) {
  const { about } = kinds.find(({ kind }) => kind === draft.checkKind)!
  return (
    <fieldset class="check">
      <legend>What decides that it is right?</legend>
      <div class="choices">
        {kinds.map(({ kind, word }) => (
          <label key={kind}>
            <input
              type="radio"
              name="checkKind"
              checked={draft.checkKind === kind}
              onChange={() => onChange({ checkKind: kind })}
            />
            <span>{word}</span>
          </label>
        ))}
      </div>
      <p class="hint">{about}</p>
      {draft.checkKind === 'stdout' && <StdoutField {...{ draft, problems, onChange }} />}
      {draft.checkKind === 'tests' && <TestsField {...{ draft, problems, onChange }} />}
      {draft.checkKind === 'command' && (
        <TextField
          path="check.command"
          label="Command"
          hint="Runs in /output; {program} stands for the program’s path. Quotes hold words together; no shell reads it."
          placeholder="python3 {program} --selftest"
          class="code"
          problems={problems}
          value={draft.command}
          onText={(command) => onChange({ command })}
        />
      )}
      {problems['check'] && <p class="problem">{problems['check']}</p>}
    </fieldset>
  )
}

function StdoutField({ draft, problems, onChange }: Props) {
  return (
    <>
      <Field path="check.stdout" label="Expected output" problems={problems}>
        <textarea
          {...described('check.stdout', problems)}
          class="code"
          rows={4}
          spellcheck={false}
          value={draft.stdout}
          onInput={(event) => onChange({ stdout: event.currentTarget.value })}
        />
      </Field>
      <label class="tick">
        <input
          type="checkbox"
          checked={draft.exact}
          onChange={(event) => onChange({ exact: event.currentTarget.checked })}
        />
        Blanks and empty lines count, too
      </label>
    </>
  )
}

function TestsField({ draft, problems, onChange }: Props) {
  const [isOver, setOver] = useState(false)
  const take = async (file: File | undefined) => {
    setOver(false)
    if (file) onChange({ tests: await file.text() })
  }
  return (
    <div
      class="drop"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        void take(event.dataTransfer?.files[0])
      }}
    >
      <Field
        path="check.tests-file"
        label="Test file for pytest: choose one, or drop it here"
        problems={problems}
      >
        <input
          {...described('check.tests-file', problems)}
          type="file"
          accept=".py,text/x-python"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </Field>
      <Field path="check.tests" label="Tests" problems={problems}>
        <textarea
          {...described('check.tests', problems)}
          class="code"
          rows={6}
          spellcheck={false}
          placeholder={'import program\n\ndef test_double():\n    assert program.double(2) == 4'}
          value={draft.tests}
          onInput={(event) => onChange({ tests: event.currentTarget.value })}
        />
      </Field>
    </div>
  )
}
