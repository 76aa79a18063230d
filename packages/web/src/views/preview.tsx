import { useEffect, useState } from 'preact/hooks'
import { filePath } from '../address.ts'
import type { Site } from '../site.ts'
import { problemText, size } from '../words.ts'
import { visible } from '../visible.ts'
import { Code } from './code.tsx'
import type { File } from './file-tree.ts'
import { languageOf } from './highlight.ts'

const mostText = 1024 * 1024
const mostImage = 16 * 1024 * 1024
/** What browsers draw and nothing runs in; an SVG is shown as its text. */
const imageTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
}

type Content = { text: string } | { image: string } | { none: string }

/** One file: text with its colours, images as pictures, of anything else what it is. */
export function Preview({ site, id, file }: { site: Site; id: string; file: File }) {
  const content = useContent(site, id, file)
  return (
    <article class="preview" aria-label={`Preview of ${visible(file.path)}`}>
      <p class="preview-head">
        <b>{visible(file.path)}</b>
        <span>{size(file.bytes)}</span>
        <a class="button" href={filePath(site.base, id, file.path)} download>
          Download
        </a>
      </p>
      {content === undefined && <p class="none">Loading …</p>}
      {content && 'none' in content && <p class="none">{content.none}</p>}
      {content && 'text' in content && (
        <Code code={content.text} language={languageOf(file.path)} label={`Text of ${visible(file.path)}`} />
      )}
      {content && 'image' in content && <Picture url={content.image} path={file.path} />}
    </article>
  )
}

function Picture({ url, path }: { url: string; path: string }) {
  const [isBroken, setBroken] = useState(false)
  if (isBroken) return <p class="none">This is no picture that can be shown.</p>
  return (
    <div class="preview-picture">
      <img src={url} alt={`What ${visible(path)} shows`} onError={() => setBroken(true)} />
    </div>
  )
}

function useContent(site: Site, id: string, { path, bytes, modifiedAt }: File): Content | undefined {
  const [content, setContent] = useState<Content>()
  useEffect(() => {
    setContent(undefined)
    const life = new AbortController()
    const type = imageTypes[/\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? '']
    const load = async (): Promise<Content> => {
      if (bytes > (type ? mostImage : mostText)) return { none: 'Too large to be shown here.' }
      const read = await site.vitrine.jobs.files.read(id, path, { signal: life.signal })
      const content = await read.arrayBuffer()
      return type ? { image: URL.createObjectURL(new Blob([content], { type })) } : textOf(content)
    }
    let made: Content | undefined
    load().then(
      (loaded) => {
        made = loaded
        if (life.signal.aborted) free(loaded)
        else setContent(loaded)
      },
      (error: unknown) => life.signal.aborted || setContent({ none: problemText(error) }),
    )
    return () => {
      life.abort()
      free(made)
    }
  }, [site, id, path, bytes, modifiedAt])
  return content
}

function free(content: Content | undefined): void {
  if (content && 'image' in content) URL.revokeObjectURL(content.image)
}

function textOf(content: ArrayBuffer): Content {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    if (!text.includes('\0')) return text === '' ? { none: 'The file is empty.' } : { text }
  } catch {
    // It is no UTF-8.
  }
  return { none: 'No text: download it to look at it.' }
}
