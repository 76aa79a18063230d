import type { Language } from '@vitrine/contract/job.ts'
import type { Wrap } from './wrap.ts'

const ticks = '```'
const lines = (text: string, change: (line: string, at: number) => string) =>
  text.split('\n').map(change).join('\n')
const indented = (text: string, blanks: string) =>
  lines(text, (line) => (line.trim() === '' ? line : blanks + line))
const file: Record<Language, string> = { python: 'main.py', javascript: 'main.js', bash: 'main.sh' }
const command: Record<Language, string> = { python: 'python3', javascript: 'node', bash: 'bash' }
const added = (p: string) => lines(p, (line) => `+${line}`)
const entities = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** Marks that belong to other documents than Markdown. */
export const foreignMarkings = {
  'a listing of LaTeX': (p, tag) =>
    `\\begin{lstlisting}[language=${tag}, caption=It]\n${p}\n\\end{lstlisting}`,
  'a minted listing': (p, tag) => `\\begin{minted}{${tag}}\n${p}\n\\end{minted}`,
  'verbatim text': (p) => `\\begin{verbatim}\n${p}\n\\end{verbatim}`,
  'a block of Org': (p, tag) => `#+BEGIN_SRC ${tag} :results output\n${p}\n#+END_SRC`,
  'a listing of AsciiDoc': (p, tag) => `[source,${tag}]\n----\n${p}\n----`,
  'a block of reStructuredText': (p, tag) => `.. code-block:: ${tag}\n\n${indented(p, '   ')}\n`,
  'an option of reStructuredText': (p, tag) =>
    `.. code-block:: ${tag}\n   :linenos:\n\n${indented(p, '   ')}\n`,
  'a block of Jira': (p, tag) => `{code:${tag}}\n${p}\n{code}`,
  'a tag of Liquid': (p, tag) => `{% highlight ${tag} %}\n${p}\n{% endhighlight %}`,
  'a tag of BBCode': (p, tag) => `[code=${tag}]\n${p}\n[/code]`,
  'a tag of a wiki': (p, tag) => `<syntaxhighlight lang="${tag}">\n${p}\n</syntaxhighlight>`,
  'quotation marks as a fence': (p, tag) => `'''${tag}\n${p}\n'''`,
  'lines of begin and end': (p) => `-----BEGIN PROGRAM-----\n${p}\n-----END PROGRAM-----`,
  'a file in XML': (p, _, language) => `<file path="${file[language]}">\n${p}\n</file>`,
  'a tag of a strange name': (p) => `<final_program>\n${p}\n</final_program>`,
  'a tag of a strange name around a fence': (p, tag) =>
    `<my-result>\n${ticks}${tag}\n${p}\n${ticks}\n</my-result>`,
  'a tool that writes a file': (p, _, language) =>
    `<write_to_file>\n<path>${file[language]}</path>\n<content>\n${p}\n</content>\n</write_to_file>`,
  'a function with parameters': (p, _, language) =>
    `<function=write_file>\n<parameter=path>\n${file[language]}\n</parameter>\n<parameter=content>\n${p}\n</parameter>\n</function>`,
  'an invocation with parameters': (p, _, language) =>
    `<invoke name="write">\n<parameter name="path">${file[language]}</parameter>\n<parameter name="content">${p}</parameter>\n</invoke>`,
  'a highlighted page': (p, tag) =>
    `<div class="highlight"><pre><span></span><code data-lang="${tag}">${lines(entities(p), (line) => `<span class="line">${line}</span>`)}\n</code></pre></div>`,
  'a block of indented lines': (p) => `\n${indented(p, '    ')}\n`,
  'numbered lines in a fence': (p, tag) =>
    `${ticks}${tag}\n${lines(p, (line, at) => `${String(at + 1).padStart(3)} | ${line}`)}\n${ticks}`,
  'lines numbered with colons': (p) => `${ticks}\n${lines(p, (line, at) => `${at + 1}: ${line}`)}\n${ticks}`,
  'a difference in a fence': (p, _, language) =>
    `${ticks}diff\n--- /dev/null\n+++ b/${file[language]}\n@@ -0,0 +1,${p.split('\n').length} @@\n${added(p)}\n${ticks}`,
  'added lines in a fence': (p) => `${ticks}diff\n${added(p)}\n${ticks}`,
  'a difference of Git': (p, _, language) =>
    `diff --git a/${file[language]} b/${file[language]}\nnew file mode 100644\nindex 0000000..3b18e51\n--- /dev/null\n+++ b/${file[language]}\n@@ -0,0 +1,${p.split('\n').length} @@\n${added(p)}`,
  'a patch to apply': (p, _, language) =>
    `*** Begin Patch\n*** Add File: ${file[language]}\n${added(p)}\n*** End Patch`,
  'a search and its replacement': (p, _, language) =>
    `${file[language]}\n<<<<<<< SEARCH\n=======\n${p}\n>>>>>>> REPLACE`,
  'marks of no width in a fence': (p, tag) =>
    `\u200b${ticks}${tag}\u200b\n${lines(p, (line) => `\u200b${line}`)}\n\u200b${ticks}`,
  'hard blanks in a fence': (p, tag) =>
    `${ticks}${tag}\n${p.replaceAll(/^ +/gm, (blanks) => '\u00a0'.repeat(blanks.length))}\n${ticks}`,
  'a fence with its name in the first line': (p, _, language) =>
    `${ticks}\n${file[language]}\n${p}\n${ticks}`,
  'a cell that writes a file': (p, tag, language) =>
    `${ticks}${tag}\n%%writefile ${file[language]}\n${p}\n${ticks}`,
  'bars before its lines': (p) => lines(p, (line) => `│ ${line}`),
} satisfies Record<string, Wrap>

/** The same that nothing may follow. */
export const foreignEndings = {
  'a notebook': (p) =>
    JSON.stringify({
      cells: [
        { cell_type: 'markdown', source: ['# A program\n'] },
        { cell_type: 'code', execution_count: null, outputs: [], source: p.split(/(?<=\n)/) },
      ],
      nbformat: 4,
    }),
  'JSON with a list of lines': (p) => JSON.stringify({ code: p.split('\n') }, null, 2),
  'JSON in a string of JSON': (p, _, language) =>
    JSON.stringify({
      name: 'write_file',
      arguments: JSON.stringify({ path: file[language], content: p }),
    }),
  'JSON with a fence in it': (p, tag) => JSON.stringify({ code: `${ticks}${tag}\n${p}\n${ticks}` }),
  'JSON with files': (p, _, language) =>
    JSON.stringify({ files: { [file[language]]: p, 'README.md': '# Program' } }),
  'JSON with an unknown key': (p) => JSON.stringify({ thoughts: 'Let me see.', final_code: p }),
  'JSON with line ends in its strings': (p) =>
    `{\n  "language": "any",\n  "code": "${JSON.stringify(p)
      .slice(1, -1)
      .replaceAll(String.raw`\n`, '\n')}"\n}`,
  'a dictionary of Python': (p) =>
    `{'code': '${p
      .replaceAll('\\', '\\\\')
      .replaceAll("'", String.raw`\'`)
      .replaceAll('\n', String.raw`\n`)}', 'done': True}`,
  'a block of YAML': (p) => `language: any\ncode: |\n${indented(p, '  ')}\n`,
  'a fence in one line': (p, tag) =>
    JSON.stringify(`${ticks}${tag}\n${p}\n${ticks}`)
      .slice(1, -1)
      .replaceAll(String.raw`\"`, '"'),
  'a copied page': (p, tag) => `${tag}\nCopy code\n${p}`,
  'a word before it': (p) => `Answer:\n${p}`,
  'a last fence alone': (p) => `${p}\n${ticks}`,
  'a last fence alone with prose behind': (p) => `${p}\n${ticks}\n\nThis prints what you asked for.`,
  'channels of a chat': (p, tag) =>
    `<|channel|>analysis<|message|>They want a program.<|end|><|start|>assistant<|channel|>final<|message|>${ticks}${tag}\n${p}\n${ticks}<|return|>`,
} satisfies Record<string, Wrap>

/** The same for programs that hold no backticks themselves. */
export const escapedMarkings = {
  'escaped backticks': (p, tag) => `\\\`\\\`\\\`${tag}\n${p}\n\\\`\\\`\\\``,
} satisfies Record<string, Wrap>

/** Ways in which a Bash program can't be sent, as these are programs of Bash themselves. */
export const compiledWrappings = {
  'a here-document': (p, _, language) =>
    `${ticks}bash\ncat > ${file[language]} <<'EOF'\n${p}\nEOF\n${command[language]} ${file[language]}\n${ticks}`,
  'a here-document without a fence': (p, _, language) =>
    `cat << EOF > ${file[language]}\n${p}\nEOF\n${command[language]} ${file[language]}`,
  'a here-document for what runs it': (p, _, language) =>
    `${ticks}sh\n${command[language]} - <<'PY'\n${p}\nPY\n${ticks}`,
  'entities in a fence': (p, tag) => `${ticks}${tag}\n${entities(p)}\n${ticks}`,
  'escaped marks of Markdown in a fence': (p, tag) =>
    `${ticks}${tag}\n${p.replaceAll(/[_*#[\]]/g, '\\$&')}\n${ticks}`,
} satisfies Record<string, Wrap>

/** What stands around. */
export const foreignFrames = {
  'a name of a file before it': (text, _, language) => `**\`${file[language]}\`**\n\n${text}`,
  'a heading with a name before it': (text, _, language) => `### File: ${file[language]}\n\n${text}`,
  'another file behind it': (text) =>
    `${text}\n\n**requirements.txt**\n\n${ticks}\nnumpy==1.26\nrequests==2.31\n${ticks}\n\n**README.md**\n\n${ticks}markdown\n# Program\n\nRun it.\n${ticks}`,
  'instruction marks': (text) => `[INST] Write it. [/INST]\n${text}`,
  'a heading of a response': (text) => `### Response:\n${text}`,
  'a speaker before it': (text) => `Assistant: Here it is.\n\n${text}`,
  'marks of wide letters': (text) => `${text}\n<｜end▁of▁sentence｜>`,
  'marks of begin and end': (text) => `<s>\n${text}\n</s>`,
  'a fold': (text) => `<details>\n<summary>The program</summary>\n\n${text}\n\n</details>`,
  'thinking in brackets': (text) => `[THINK]They want a program.\nFine.[/THINK]\n${text}`,
  'thinking that is told': (text) =>
    `Thinking...\nThey want a program. I could print something.\n...done thinking.\n\n${text}`,
  'a table behind it': (text) =>
    `${text}\n\n| Name | Meaning |\n| --- | --- |\n| \`x\` | A value. |\n| \`y\` | Another one. |`,
  'a rule and a question behind it': (text) =>
    `${text}\n\n---\n\nWould you like me to explain how the program works?`,
} satisfies Record<string, Wrap>
