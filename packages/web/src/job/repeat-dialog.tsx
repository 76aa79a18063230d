import { useRef } from 'preact/hooks'

const ways = [
  {
    mode: 'exact',
    word: 'With the same seeds',
    what: 'The model is asked again, with the same words, options and seeds.',
  },
  {
    mode: 'replay',
    word: 'From its records',
    what: 'The recorded answers are run and checked again; no model is asked.',
  },
] as const
export type Repetition = (typeof ways)[number]['mode']

/** A button that opens a dialog to repeat the run that was recorded, instead of running the task anew. */
export function RepeatDialog(props: { disabled: boolean; onRepeat: (mode: Repetition) => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const repeat = (mode: Repetition) => {
    dialog.current?.close()
    props.onRepeat(mode)
  }
  return (
    <>
      <button type="button" disabled={props.disabled} onClick={() => dialog.current?.showModal()}>
        Repeat …
      </button>
      <dialog ref={dialog} aria-labelledby="repeat-title" class="repeat">
        <h2 id="repeat-title">Repeat the last run</h2>
        <p>Each is a new run in a new sandbox. The task’s follow-ups are not repeated.</p>
        {ways.map(({ mode, word, what }) => (
          <p key={mode}>
            <button type="button" onClick={() => repeat(mode)}>
              {word}
            </button>
            <span class="hint">{what}</span>
          </p>
        ))}
        <form method="dialog" class="buttons">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  )
}
