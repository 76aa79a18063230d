/** Tasks to start from. */
export const examples: readonly { word: string; task: string }[] = [
  { word: 'Squares', task: 'Write a Python program that prints the squares of the numbers 1 to 10.' },
  { word: 'A window', task: 'Show a window with a button that counts how often it was clicked.' },
  { word: 'Primes', task: 'Print all prime numbers below 100, ten on each line.' },
]
