import type { ModelEntry } from '@vitrine/sdk/vitrine.ts'
import { useEffect } from 'preact/hooks'
import { pagePath } from '../address.ts'
import { Header } from '../header.tsx'
import { Link } from '../link.tsx'
import { usePolled } from '../polled.ts'
import type { Site } from '../site.ts'
import { problemText, size } from '../words.ts'
import './models.css'
import { PullForm } from './pull-form.tsx'

/** The models that the model servers have, which of them are loaded, and how to get more. */
export function ModelsPage({ site }: { site: Site }) {
  const {
    value: models,
    error,
    again,
  } = usePolled('models', 5000, (signal) => site.vitrine.models.list({ signal }))
  useEffect(() => {
    document.title = 'Models · Vitrine'
  }, [])
  return (
    <>
      <Header site={site} />
      <main class="plain">
        <h1 tabIndex={-1}>Models</h1>
        {error !== undefined && (
          <p role="status" class="problem">
            {problemText(error)}
          </p>
        )}
        {models?.length === 0 && (
          <p class="none" role="status">
            The model servers have no model, or none answers.{' '}
            <Link site={site} to={pagePath(site.base, 'doctor')}>
              The doctor knows
            </Link>
          </p>
        )}
        {models && models.length > 0 && <ModelList site={site} models={models} />}
        <section class="pull" aria-labelledby="pull">
          <h2 id="pull">Get a model</h2>
          <PullForm site={site} onDone={again} />
        </section>
      </main>
    </>
  )
}

function ModelList({ site, models }: { site: Site; models: readonly ModelEntry[] }) {
  return (
    <ul class="models">
      {models.toSorted(defaultFirst).map((model) => (
        <li key={model.name}>
          <h2>
            {model.name}
            {model.default && <span class="badge">default</span>}
          </h2>
          <p class="loaded" data-loaded={model.loaded}>
            {loadedWord(model)}
          </p>
          <dl>
            <div>
              <dt>Size</dt>
              <dd>{size(model.bytes)}</dd>
            </div>
            <div>
              <dt>Longest context</dt>
              <dd>{model.contextLength === null ? 'not told' : `${model.contextLength} tokens`}</dd>
            </div>
            {model.memory && (
              <>
                <div>
                  <dt>In memory</dt>
                  <dd>{size(model.memory.bytes)}</dd>
                </div>
                {model.memory.contextLength !== null && (
                  <div>
                    <dt>Loaded with</dt>
                    <dd>{model.memory.contextLength} tokens</dd>
                  </div>
                )}
              </>
            )}
            {model.capabilities.length > 0 && (
              <div>
                <dt>Can do</dt>
                <dd>{model.capabilities.join(', ')}</dd>
              </div>
            )}
          </dl>
          <Link
            site={site}
            class="button"
            to={`${pagePath(site.base, 'new')}?${new URLSearchParams({ model: model.name }).toString()}`}
          >
            New job<span class="unseen"> with {model.name}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

const defaultFirst = (a: ModelEntry, b: ModelEntry) =>
  Number(b.default) - Number(a.default) || a.name.localeCompare(b.name)

function loadedWord({ loaded, memory }: ModelEntry): string {
  if (!memory) return loaded ? 'Loaded' : 'Not loaded: the first job waits until it is'
  const gpu = Math.round(memory.gpuShare * 100)
  if (gpu === 0) return 'Loaded, runs on the CPU'
  return gpu === 100 ? 'Loaded, runs on the GPU' : `Loaded, ${gpu} % on the GPU, ${100 - gpu} % on the CPU`
}
