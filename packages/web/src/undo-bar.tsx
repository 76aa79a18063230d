import { useEffect, useRef } from 'preact/hooks'
import { undoMs, type DeleteLater } from './delete-later.ts'
import { useNow } from './polled.ts'

/** Says that the job is about to be deleted, and lets that be undone. */
export function UndoBar({ deletion }: { deletion: DeleteLater & { at: number } }) {
  const undo = useRef<HTMLButtonElement>(null)
  useEffect(() => undo.current?.focus(), [])
  const left = Math.max(0, deletion.at - useNow(250))
  return (
    <div class="undo-bar" role="group" aria-labelledby="undo-word">
      <p id="undo-word" role="status">
        This job is about to be deleted, with its sandbox, its story and its files.
      </p>
      <progress value={left} max={undoMs} aria-label="Time to undo" />
      <div class="buttons">
        <button type="button" class="danger" onClick={deletion.now}>
          Delete now
        </button>
        {/* It stands where Delete did: who clicks twice undoes. */}
        <button type="button" class="primary" ref={undo} onClick={deletion.undo}>
          Undo
        </button>
      </div>
    </div>
  )
}
