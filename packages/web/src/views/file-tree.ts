export type File = { path: string; bytes: number; modifiedAt: string }
export type Folder = { name: string; path: string; folders: Folder[]; files: File[] }

/** Files by their relative paths as a tree; folders first, each level in the order of its names. */
export function fileTree(files: readonly File[]): Folder {
  const root: Folder = { name: '', path: '', folders: [], files: [] }
  for (const file of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    let folder = root
    const parts = file.path.split('/')
    for (const [index, name] of parts.slice(0, -1).entries()) {
      let next = folder.folders.at(-1)
      if (next?.name !== name) {
        next = { name, path: parts.slice(0, index + 1).join('/'), folders: [], files: [] }
        folder.folders.push(next)
      }
      folder = next
    }
    folder.files.push(file)
  }
  return root
}

export const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
