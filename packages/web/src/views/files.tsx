import { archivePath } from '../address.ts'
import { usePolled } from '../polled.ts'
import type { Job, Site } from '../site.ts'
import { problemText, size } from '../words.ts'
import { visible } from '../visible.ts'
import { fileTree, nameOf, type Folder } from './file-tree.ts'
import { Preview } from './preview.tsx'
import { UploadBox } from './upload-box.tsx'
import type { View } from './view.ts'
import { ViewLink } from './view-link.tsx'

/** What is in the job's /output: a tree, one file looked at, and ways in and out. Read again where `edition` changes. */
export function Files(props: {
  site: Site
  job: Job
  edition: string
  file: string | null
  show: (view: View) => void
}) {
  const { site, job, edition, file, show } = props
  const { id } = job
  const {
    value: list,
    error,
    again,
  } = usePolled(`${id} ${edition}`, 10_000, (signal) => site.vitrine.jobs.files.list(id, { signal }))
  const chosen = list?.files.find(({ path }) => path === file)
  return (
    <section class="files" aria-label="Files">
      {error !== undefined && <p class="problem">{problemText(error)}</p>}
      <div class="files-side">
        <UploadBox
          site={site}
          job={job}
          existing={new Set(list?.files.map(({ path }) => path))}
          onDone={again}
        />
        {list?.files.length === 0 && <p class="none">No files yet.</p>}
        {list && <FolderList folder={fileTree(list.files)} chosen={file} show={show} />}
        {list && list.skipped.length > 0 && (
          <details>
            <summary>{list.skipped.length} passed over</summary>
            <ul>
              {list.skipped.map((one) => (
                <li key={one.path}>
                  {visible(one.path)} <span>{visible(one.why)}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
        {list && list.files.length > 0 && (
          <p class="archives">
            All files:
            <a href={archivePath(site.base, id, 'zip')} download>
              .zip
            </a>
            <a href={archivePath(site.base, id, 'tar.gz')} download>
              .tar.gz
            </a>
          </p>
        )}
      </div>
      <div class="files-main">
        {chosen && <Preview key={chosen.path} site={site} id={id} file={chosen} />}
        {!chosen && file !== null && list && (
          <p class="none">There is no file {visible(file)} here, or no longer.</p>
        )}
        {file === null && list && list.files.length > 0 && <p class="none">Choose a file to look at it.</p>}
      </div>
    </section>
  )
}

function FolderList(props: { folder: Folder; chosen: string | null; show: (view: View) => void }) {
  const { folder, chosen, show } = props
  return (
    <ul class="tree">
      {folder.folders.map((one) => (
        <li key={one.path}>
          <details open={!one.name.startsWith('.') || chosen?.startsWith(`${one.path}/`)}>
            <summary>{visible(one.name)}/</summary>
            <FolderList folder={one} chosen={chosen} show={show} />
          </details>
        </li>
      ))}
      {folder.files.map(({ path, bytes }) => (
        <li key={path} class="tree-file">
          <ViewLink to={{ name: 'files', file: path }} show={show} isCurrent={path === chosen}>
            {visible(nameOf(path))}
          </ViewLink>
          <span>{size(bytes)}</span>
        </li>
      ))}
    </ul>
  )
}
