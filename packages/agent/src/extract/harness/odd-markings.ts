import {
  ticks,
  lines,
  indented,
  extensions,
  file,
  commands,
  titles,
  fence,
  escaped,
  allEscaped,
  bad,
  comment,
  tagged,
  around,
  numbered,
  notBash,
  onlyPython,
} from './pieces.ts'
import type { Wrap } from './wrap.ts'

/** Ways to mark a program that are rarer, or no marking at all by any document's rules. */
export const oddMarkings = {
  'tag Python 3': tagged('Python 3', 'Node JS', 'Bash script'),
  'tag python3.12': tagged('python3.12', 'node.js', 'bash5'),
  'tag pycon/ts/console': tagged('pycon', 'ts', 'console'),
  'tag ipython/typescript/terminal': tagged('ipython3', 'typescript', 'terminal'),
  'tag python-script/es6/shell-session': tagged('python-script', 'es6', 'shell-session'),
  'tag py-console/jsreact/ksh': tagged('py-console', 'javascriptreact', 'ksh'),
  'tag language-x': around('```language-@', ticks),
  'tag lang=x': around('```lang=@', ticks),
  'tag file name': around('```%F', ticks),
  'tag path': around('```src/app/%F', ticks),
  'tag x filename=': around('```@ filename=%F showLineNumbers', ticks),
  'tag x|file': around('```@|CODE_EDIT_BLOCK|%F', ticks),
  'tag [x]': around('```[@]', ticks),
  'tag (x)': around('```(@)', ticks),
  'tag <x>': around('```<@>', ticks),
  'tag "x"': around('```"@"', ticks),
  'bold fences': around('**```@**', '**```**'),
  'tag {x}': around('```{@}', ticks),
  'tag {x, echo}': around('```{@, echo=FALSE}', ticks),
  'tag { .x title}': around('``` { .@ title="x.txt" linenums="1" }', ticks),
  'wrong tag java': around('```java', ticks),
  'wrong tag json': around('```json', ticks),
  'wrong tag output': around('```output', ticks),
  'wrong tag c++': around('```c++', ticks),
  'wrong tag lua': around('```lua', ticks),
  'wrong tag markdown': around('```markdown', ticks),
  'prose before the fence in line': around('Here is the program: ```@', ticks),
  'prose behind the closing fence in line': around('```@', '``` This prints the result.'),
  'closed with tag again': around('```@', '```@'),
  'closed with end tag': around('```@', '```end'),
  'double fence': around('```\n```@', '```\n```'),
  'double fence same tag': around('```@\n```@', '```\n```'),
  'empty fence before': around('```@\n```\n```@', ticks),
  'opened 4 closed 3': around('````@', ticks),
  'opened 3 closed 4': around('```@', '````'),
  'opened 3 closed 2': around('```@', '``'),
  'opened 3 closed tildes': around('```@', '~~~'),
  'opened 3 closed quotes': around('```@', "'''"),
  'tildes with attributes': around('~~~ {.@ .numberLines startFrom="1"}', '~~~'),
  'four tildes': around('~~~~@', '~~~~'),
  'two backticks': around('``@', '``'),
  'one backtick lines': around('`@', '`'),
  'one backtick around all': (p) => `\`${p}\``,
  'deep list fence': (p, tag) =>
    `1. Step\n    - Sub step:\n\n        ${ticks}${tag}\n${indented(p, '        ')}\n        ${ticks}`,
  'list fence with code unindented': around('1. Step:\n\n   ```@', '   ```'),
  'fence after bullet on its line': (p, tag) => `- ${ticks}${tag}\n${indented(p, '  ')}\n  ${ticks}`,
  'fence after number': (p, tag) => `1. ${ticks}${tag}\n${indented(p, '   ')}\n   ${ticks}\n2. Run it.`,
  'tab-indented fence': (p, tag) => `\t${ticks}${tag}\n${indented(p, '\t')}\n\t${ticks}`,
  'nested quote': (p, tag) => lines(fence(p, tag, 'python'), (l) => `> > ${l}`),
  'numbered 001:': numbered((l, n) => `${String(n + 1).padStart(3, '0')}: ${l}`),
  'numbered from 0': numbered((l, n) => `${n}: ${l}`),
  'numbered from 10': numbered((l, n) => `${n + 10} ${l}`),
  'numbered L1:': numbered((l, n) => `L${n + 1}: ${l}`),
  'numbered [1]': numbered((l, n) => `[${n + 1}] ${l}`),
  'numbered, blank ones bare': numbered((l, n) =>
    l === '' ? `${n + 1}` : `${String(n + 1).padStart(2)}  ${l}`,
  ),
  'prompts in fence': (p, tag, l) =>
    numbered((x, n) =>
      l === 'bash'
        ? `$ ${x}`
        : l === 'javascript'
          ? `> ${x}`
          : x === ''
            ? '...'
            : /^[ \t)\]}]/.test(x) && n > 0
              ? `... ${x}`
              : `>>> ${x}`,
    )(p, tag, l),
  'diff with removed lines in fence': (p, _, l) =>
    `${ticks}diff\n--- a/${file(l)}\n+++ b/${file(l)}\n@@ -1,3 +1,${p.split('\n').length} @@\n${lines(bad[l], (x) => `-${x}`)}\n${lines(p, (x) => `+${x}`)}\n${ticks}`,
  'diff in own fence': numbered((x) => `+${x}`),
  'diff with plus blank': (p) => `${ticks}diff\n${lines(p, (x) => `+ ${x}`)}\n${ticks}`,
  'diff without header, context': (p, _, l) =>
    `${ticks}diff\n${lines(p, (x, n) => (n % 2 ? ` ${x}` : `+${x}`))}\n-${bad[l].split('\n')[0]}\n${ticks}`,
  'indented by a tab in prose': (p) =>
    `Here is the program:\n\n${indented(p, '\t')}\n\nRun it and see what it prints.`,
  'all of the answer indented': (p, tag) =>
    indented(`Here is the program:\n\n${ticks}${tag}\n${p}\n${ticks}\n\nIt prints the result.`, '    '),
  'double spaced': (p, tag) => `${ticks}${tag}\n${lines(p, (l) => `${l}\n`)}${ticks}`,
  'form feeds': (p, tag) => `${ticks}${tag}\n\f${p}\n\f\n${ticks}`,
  'em blanks': (p, tag) =>
    fence(
      p.replaceAll(/^ +/gm, (b) => '\u2003'.repeat(b.length)),
      tag,
      'python',
    ),
  'ideographic blanks': (p, tag) =>
    fence(
      p.replaceAll(/^ +/gm, (b) => '\u3000'.repeat(b.length)),
      tag,
      'python',
    ),
  'nbsp entities': (p) =>
    `<pre>${lines(escaped(p), (l) => l.replace(/^ +/, (b) => '&nbsp;'.repeat(b.length)))}</pre>`,
  'br line ends': (p) =>
    `<code>${escaped(p)
      .replaceAll(/^ +/gm, (b) => '&nbsp;'.repeat(b.length))
      .replaceAll('\n', '<br>\n')}</code>`,
  'br line ends only': (p) =>
    `<code>${escaped(p)
      .replaceAll(/^ +/gm, (b) => '&nbsp;'.repeat(b.length))
      .replaceAll('\n', '<br/>')}</code>`,
  'entities lt gt in fence': notBash((p, tag, l) => fence(escaped(p), tag, l)),
  'entities twice in fence': notBash((p, tag, l) => fence(escaped(allEscaped(p)), tag, l)),
  'pre lang': (p, tag) => `<pre lang="${tag}">\n${escaped(p)}\n</pre>`,
  'pre unescaped': around('<pre>', '</pre>'),
  'pre code indented in html': (p, tag) =>
    `<div>\n  <pre>\n    <code class="${tag}">\n${indented(escaped(p), '      ')}\n    </code>\n  </pre>\n</div>`,
  textarea: (p) => `<textarea rows="10">\n${escaped(p)}\n</textarea>`,
  'upper case tags': around('<CODE>', '</CODE>'),
  'language as tag': around('<@>', '</@>'),
  'code tag with attributes': around('<code language="@" filename=\'%F\'>', '</code>'),
  'unclosed code tag': (p) => `<code>\n${p}`,
  'code tag closed wrong': around('<code>', '<code>'),
  'tag closed with other name': around('<program>', '</code>'),
  'MDX component': (p, tag) =>
    `<CodeBlock language="${tag}">\n{\`${p.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')}\`}\n</CodeBlock>`,
  antArtifact: around(
    '<antArtifact identifier="x" type="application/vnd.ant.code" language="@" title="X">',
    '</antArtifact>',
  ),
  boltAction: (p, _, l) =>
    `<boltArtifact id="x" title="X">\n<boltAction type="file" filePath="${file(l)}">${p}</boltAction>\n<boltAction type="shell">${commands[l]} ${file(l)}</boltAction>\n</boltArtifact>`,
  'execute tag': around('<execute>', '</execute>'),
  'GLM tool call': (p) =>
    `<tool_call>run_code\n<arg_key>language</arg_key>\n<arg_value>any</arg_value>\n<arg_key>code</arg_key>\n<arg_value>${p}</arg_value>\n</tool_call>`,
  'tool name attr': (p) => `<tool name="run"><arg name="code">${p}</arg></tool>`,
  'LaTeX Verbatim': around('\\begin{Verbatim}[fontsize=\\small]', '\\end{Verbatim}'),
  'LaTeX language env': around('\\begin{@}', '\\end{@}'),
  'LaTeX tcblisting': around('\\begin{tcblisting}{listing only}', '\\end{tcblisting}'),
  'LaTeX pythoncode': around('\\begin{pythoncode}', '\\end{pythoncode}'),
  'LaTeX indented': (p, tag) =>
    `\\begin{figure}\n  \\begin{lstlisting}[language=${tag}]\n${indented(p, '    ')}\n  \\end{lstlisting}\n\\end{figure}`,
  'boxed fence': around('The final answer is:\n\n$\\boxed{\n```@', '```\n}$'),
  'boxed fence in line': around('\\boxed{```@', '```}'),
  'math brackets': around('\\[\n```@', '```\n\\]'),
  'LaTeX document': around(
    '\\documentclass{article}\n\\begin{document}\n\\section{Program}\n\\begin{lstlisting}[language=@]',
    '\\end{lstlisting}\n\\end{document}',
  ),
  'colon directive': around(':::@', ':::'),
  'colon code-block': around(':::{code-block} @', ':::'),
  'doxygen code': (p, _, l) => `@code{.${extensions[l]}}\n${p}\n@endcode`,
  trac: around('{{{#!@', '}}}'),
  creole: around('{{{', '}}}'),
  'MediaWiki source': around('<source lang="@">', '</source>'),
  'BBCode plain': around('[code]', '[/code]'),
  'BBCode in line': (p) => `[code]${p}[/code]`,
  'BBCode language attr': around('[code lang="@"]', '[/code]'),
  'dashes around': around('----------------', '----------------'),
  'equals around': around('==================', '=================='),
  'stars around': around('*****', '*****'),
  'hashes around': around('########## %F ##########', '##########'),
  'rule lines around': around('---', '---'),
  'named rule lines': around('--- %F ---', '--- end ---'),
  'angles around': around('<<<', '>>>'),
  'typographic quotes around': around('“', '”'),
  'CODE: and END': around('CODE:', 'END CODE'),
  'BEGIN CODE': around('BEGIN CODE', 'END CODE'),
  'head of tail': (p, _, l) => `==> ${file(l)} <==\n${p}`,
  'Start of file': around('// Start of %F\n```', '```\n// End of %F'),
  '%magic in the fence first': onlyPython((p, tag, l) => fence(`%matplotlib inline\n${p}`, tag, l)),
  'run command last in the fence': notBash((p, tag, l) => fence(`${p}\n\n${commands[l]} ${file(l)}`, tag, l)),
  'prompted run command last in the fence': notBash((p, tag, l) =>
    fence(`${p}\n\n$ ${commands[l]} ${file(l)}`, tag, l),
  ),
  'output in the same fence': notBash((p, tag, l) => fence(`${p}\n\nOutput:\nhello world 42`, tag, l)),
  'output commented in the same fence': (p, tag, l) =>
    fence(`${p}\n\n${comment[l]} Output:\n${comment[l]} hello 42`, tag, l),
  'File: line in fence': around('```@\nFile: %F', ticks),
  'comment name in fence': (p, tag, l) => fence(`${comment[l]} filename: ${file(l)}\n${p}`, tag, l),
  'html comment in fence': around('```@\n<!-- %F -->', ticks),
  'cell marks': onlyPython((p, tag, l) => fence(`# %% [markdown]\n# # Title\n# %%\n${p}`, tag, l)),
  '%%bash cell': around('```\n%%@', ticks),
  'In [1]: line': onlyPython(
    (p, tag, l) => `In [1]:\n\n${fence(p, tag, l)}\n\nOut[1]:\n\n${ticks}\n42\n${ticks}`,
  ),
  'In [1]: in fence': onlyPython((p, tag, l) => fence(`In [1]:\n${p}`, tag, l)),
  'here-document with prompts': notBash(
    (p, _, l) =>
      `${ticks}console\n$ cat > ${file(l)} << 'EOF'\n${lines(p, (x) => `> ${x}`)}\n> EOF\n$ ${commands[l]} ${file(l)}\n${ticks}`,
  ),
  'here-document mkdir first': notBash(
    (p, _, l) =>
      `${ticks}bash\nmkdir -p app && cd app\ncat <<'EOF' >${file(l)}\n${p}\nEOF\nchmod +x ${file(l)}\n${commands[l]} ${file(l)}\n${ticks}`,
  ),
  'here-document tee': notBash(
    (p, _, l) => `${ticks}sh\nsudo tee /opt/${file(l)} > /dev/null <<"END"\n${p}\nEND\n${ticks}`,
  ),
  'here-document to a pipe': notBash(
    (p, _, l) => `${ticks}sh\ncat <<'EOF' | ${commands[l]}\n${p}\nEOF\n${ticks}`,
  ),
  'echo to a file': notBash(
    (p, _, l) =>
      `${ticks}sh\necho '${p.replaceAll("'", "'\\''")}' > ${file(l)}\n${commands[l]} ${file(l)}\n${ticks}`,
  ),
  'argument of the interpreter': notBash(
    (p, _, l) =>
      `${ticks}sh\n${commands[l]} -${l === 'python' ? 'c' : 'e'} '${p.replaceAll("'", "'\\''")}'\n${ticks}`,
  ),
  'bold dunder': onlyPython((p, tag, l) => fence(p.replaceAll(/__(\w+?)__/g, '**$1**'), tag, l)),
  'variable of Python': onlyPython((p, tag, l) =>
    p.includes("'''") || p.includes('\\')
      ? fence(p, tag, l)
      : `${ticks}python\ncode = '''\n${p}\n'''\n${ticks}`,
  ),
  smolagents: (p, _, l) =>
    `Thought: I will write it.\nCode:\n${ticks}${extensions[l]}\n${p}\n${ticks}<end_code>`,
  tool_code: around('```tool_code', ticks),
  code_interpreter: around('<|code_interpreter|>', '<|/code_interpreter|>'),
  'name in italics before': around('*%F*\n```', ticks),
  python_tag: (p) => `<|python_tag|>${p}<|eom_id|>`,
  file_sep: (p, _, l) => `<file_sep>${file(l)}\n${p}\n<file_sep>`,
  spoiler: around('||```@', '```||'),
  'spaced backticks': around('` ` `@', '` ` `'),
  'wide backticks': around('｀｀｀@', '｀｀｀'),
  'behind a colon line in bold': (p, _, l) => `**${titles[l]}:**\n${p}`,
} satisfies Record<string, Wrap>
