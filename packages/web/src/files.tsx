import { archivePath, filePath } from './address.ts'
import { usePolled } from './polled.ts'
import type { Site } from './site.ts'
import { problemText, size } from './words.ts'

/** What the job has left in /output, to download; read again where `edition` changes. */
export function Files({ site, id, edition }: { site: Site; id: string; edition: string }) {
  const { value: list, error } = usePolled(`${id} ${edition}`, 10_000, (signal) =>
    site.vitrine.jobs.files.list(id, { signal }),
  )
  return (
    <section class="files" aria-labelledby="files">
      <h2 id="files">Files</h2>
      {error !== undefined && <p class="problem">{problemText(error)}</p>}
      {list?.files.length === 0 && <p class="none">No files yet.</p>}
      {list && list.files.length > 0 && (
        <>
          <ul>
            {list.files.map((file) => (
              <li key={file.path}>
                <a href={filePath(site.base, id, file.path)} download>
                  {file.path}
                </a>
                <span>{size(file.bytes)}</span>
              </li>
            ))}
          </ul>
          <p class="archives">
            All files:
            <a href={archivePath(site.base, id, 'zip')} download>
              .zip
            </a>
            <a href={archivePath(site.base, id, 'tar.gz')} download>
              .tar.gz
            </a>
          </p>
        </>
      )}
      {list && list.skipped.length > 0 && (
        <details>
          <summary>{list.skipped.length} passed over</summary>
          <ul>
            {list.skipped.map((one) => (
              <li key={one.path}>
                {one.path} <span>{one.why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
