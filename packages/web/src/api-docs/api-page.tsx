import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Vitrine } from '@vitrine/sdk/vitrine.ts'
import { Header } from '../header.tsx'
import type { ApiDocument, Operation } from './openapi.ts'
import { example, operations, shapeOf } from './openapi.ts'

const base = location.pathname.replace(/\/[^/]*$/, '')
const site = {
  base,
  vitrine: new Vitrine({ url: location.origin + base }),
  go: (path: string) => location.assign(path),
}

/** The API as its OpenAPI document tells it: each route with what it takes, what it answers, and a call to copy. */
function ApiPage() {
  const [document, setDocument] = useState<ApiDocument | null>(null)
  const [problem, setProblem] = useState('')
  useEffect(() => {
    load().then(setDocument, (error: unknown) => setProblem(String(error)))
  }, [])

  return (
    <>
      <Header site={site} />
      <main class="api">
        <h1 tabindex={-1}>API</h1>
        <p>
          Everything the web app and the command line do goes through these routes. Programs send an API token
          (made in the <a href={`${base}/settings`}>settings</a>), or the one of the state directory’s{' '}
          <code>token</code> file, as <code>Authorization: Bearer …</code>. The same as a document:{' '}
          <a href={`${base}/openapi.json`}>OpenAPI 3.1</a>.
        </p>
        <p class="problem" role="alert">
          {problem}
        </p>
        {document &&
          operations(document).map((one) => <Route key={one.id} route={one} document={document} />)}
      </main>
    </>
  )
}

function Route({ route, document }: { route: Operation; document: ApiDocument }) {
  return (
    <section>
      <details>
        <summary>
          <h2>
            <code>{route.method}</code> <code>{route.path}</code> <span>{route.summary}</span>
          </h2>
        </summary>
        <div>
          <h3>Call</h3>
          <pre>{example(route, document, location.origin + base)}</pre>
          {route.parameters.length > 0 && (
            <>
              <h3>Parameters</h3>
              <dl>
                {route.parameters.map(({ name, in: place, required, schema }) => (
                  <>
                    <dt>
                      <code>{name}</code>
                    </dt>
                    <dd>
                      {place}
                      {required ? ', required' : ''}. {schema.description ?? ''}
                    </dd>
                  </>
                ))}
              </dl>
            </>
          )}
          {route.body && (
            <>
              <h3>Body</h3>
              <pre>{shapeOf(route.body, document)}</pre>
            </>
          )}
          <h3>Answers</h3>
          <dl>
            {route.answers.map(({ status, description, schema }) => (
              <>
                <dt>
                  <code>{status}</code>
                </dt>
                <dd>
                  {description}
                  {schema && status < '300' && <pre>{shapeOf(schema, document)}</pre>}
                </dd>
              </>
            ))}
          </dl>
        </div>
      </details>
    </section>
  )
}

async function load(): Promise<ApiDocument> {
  const response = await fetch(`${base}/openapi.json`)
  if (!response.ok) throw new Error(`The API's document could not be read (HTTP ${response.status}).`)
  return (await response.json()) as ApiDocument
}

const root = document.getElementById('app')
if (!root) throw new Error('api.html has no #app')
render(<ApiPage />, root)
