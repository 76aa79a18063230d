import { render } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { usePolled } from '../polled.ts'
import { problemText } from '../words.ts'
import { Player } from './player.tsx'
import { readShared, readSharedRecords, SharedGoneError } from './shared-calls.ts'
import '../base.css'
import './player.css'
import './offline.css'

/** What a share link to a moment opens: the player of one recording, and nothing else of its job. */
function SharedPage() {
  const { value, error } = usePolled('shared', 5000, readShared)
  const source = useMemo(() => ({ read: readSharedRecords }), [])
  useEffect(() => {
    // A link that is good no longer has a page that says so.
    if (error instanceof SharedGoneError) location.reload()
  }, [error])

  return (
    <main class="offline">
      <h1>Shared recording</h1>
      <p role="status" class="problem">
        {error !== undefined && !(error instanceof SharedGoneError) && problemText(error)}
        {value?.recording === null && 'This recording is kept no longer.'}
      </p>
      {value?.recording && (
        <Player
          source={source}
          duration={value.recording.seconds * 1000}
          label="What the desktop showed"
          start={value.moment.seconds * 1000}
        />
      )}
    </main>
  )
}

render(<SharedPage />, document.getElementById('app')!)
