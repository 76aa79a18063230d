/** A job to start from. */
export type Example = {
  word: string
  task: string
  language?: 'python' | 'javascript' | 'bash'
  /** What the program must print. */
  stdout?: string
}

export const examples: readonly Example[] = [
  {
    word: 'Squares',
    task: 'Write a Python program that prints the squares of the numbers 1 to 10, one on each line.',
    stdout: '1\n4\n9\n16\n25\n36\n49\n64\n81\n100',
  },
  { word: 'A window', task: 'Show a window with a button that counts how often it was clicked.' },
  { word: 'Primes', task: 'Print all prime numbers below 100, ten on each line.' },
  {
    word: 'In JavaScript',
    task: 'Print the word "stressed" backwards.',
    language: 'javascript',
    stdout: 'desserts',
  },
  {
    word: 'A shell script',
    task: 'Print the name of the machine, and how long it has been up.',
    language: 'bash',
  },
]
