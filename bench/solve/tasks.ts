import type { Language } from '@vitrine/contract/job.ts'

/** A simple task, what a right program prints (apart from blanks), and one that does. */
export type SolveTask = { language: Language; task: string; stdout: string; program: string }

/** None of these is in a prompt. */
export const solveTasks: readonly SolveTask[] = [
  {
    language: 'python',
    task: 'Print the numbers from 10 down to 6, one per line.',
    stdout: '10\n9\n8\n7\n6',
    program: 'for n in range(10, 5, -1):\n    print(n)',
  },
  {
    language: 'python',
    task: 'Print the odd numbers from 1 to 15, one per line.',
    stdout: '1\n3\n5\n7\n9\n11\n13\n15',
    program: 'for n in range(1, 16, 2):\n    print(n)',
  },
  {
    language: 'python',
    task: 'Print the sum of the numbers from 1 to 50.',
    stdout: '1275',
    program: 'total = 0\nfor n in range(1, 51):\n    total += n\nprint(total)',
  },
  { language: 'python', task: 'Print 3 to the power of 7.', stdout: '2187', program: 'print(3 ** 7)' },
  {
    language: 'python',
    task: 'Print the word "planet" in upper case.',
    stdout: 'PLANET',
    program: 'word = "planet"\nprint(word.upper())',
  },
  {
    language: 'python',
    task: 'Print the word "drawer" backwards.',
    stdout: 'reward',
    program: 'word = "drawer"\nprint(word[::-1])',
  },
  {
    language: 'python',
    task: 'Print how many letters the word "butterfly" has.',
    stdout: '9',
    program: 'word = "butterfly"\nprint(len(word))',
  },
  {
    language: 'python',
    task: 'Print the product of the numbers 6, 7 and 8.',
    stdout: '336',
    program: 'product = 1\nfor n in [6, 7, 8]:\n    product *= n\nprint(product)',
  },
  {
    language: 'python',
    task: 'Print the smallest number of the list [23, 5, 42, 11].',
    stdout: '5',
    program: 'numbers = [23, 5, 42, 11]\nprint(min(numbers))',
  },
  {
    language: 'python',
    task: 'Print the list [9, 2, 7, 4] sorted from large to small.',
    stdout: '[9, 7, 4, 2]',
    program: 'numbers = [9, 2, 7, 4]\nprint(sorted(numbers, reverse=True))',
  },
  {
    language: 'python',
    task: 'Print the multiples of 4 from 4 to 40, one per line.',
    stdout: '4\n8\n12\n16\n20\n24\n28\n32\n36\n40',
    program: 'for n in range(4, 41, 4):\n    print(n)',
  },
  {
    language: 'python',
    task: 'Print "Good morning" twice, each on its own line.',
    stdout: 'Good morning\nGood morning',
    program: 'for _ in range(2):\n    print("Good morning")',
  },
  {
    language: 'python',
    task: 'Print the remainder of 1000 divided by 37.',
    stdout: '1',
    program: 'print(1000 % 37)',
  },
  {
    language: 'python',
    task: 'Print how many times the letter "e" occurs in "beekeeper".',
    stdout: '5',
    program: 'word = "beekeeper"\nprint(word.count("e"))',
  },
  {
    language: 'python',
    task: 'Print the powers of 2 from 2 to 256, one per line.',
    stdout: '2\n4\n8\n16\n32\n64\n128\n256',
    program: 'n = 2\nwhile n <= 256:\n    print(n)\n    n *= 2',
  },
  {
    language: 'python',
    task: 'Print a square of 4 lines of 4 hash signs each.',
    stdout: '####\n####\n####\n####',
    program: 'for _ in range(4):\n    print("#" * 4)',
  },
  {
    language: 'python',
    task: 'Print a triangle of asterisks with 1 to 5 asterisks, one row per line.',
    stdout: '*\n**\n***\n****\n*****',
    program: 'for n in range(1, 6):\n    print("*" * n)',
  },
  {
    language: 'python',
    task: 'Print the factorial of 9.',
    stdout: '362880',
    program: 'result = 1\nfor n in range(2, 10):\n    result *= n\nprint(result)',
  },
  {
    language: 'python',
    task: 'Print the prime numbers between 20 and 40, one per line.',
    stdout: '23\n29\n31\n37',
    program:
      'def is_prime(n):\n    return n > 1 and all(n % d for d in range(2, n))\n\n\nfor n in range(20, 41):\n    if is_prime(n):\n        print(n)',
  },
  {
    language: 'python',
    task: 'Print the first 8 square numbers in one line with spaces between them.',
    stdout: '1 4 9 16 25 36 49 64',
    program: 'squares = [n * n for n in range(1, 9)]\nprint(*squares)',
  },
  {
    language: 'python',
    task: 'Print the sum of the digits of 98765.',
    stdout: '35',
    program: 'number = 98765\nprint(sum(int(digit) for digit in str(number)))',
  },
  {
    language: 'python',
    task: 'Print the number 77 in binary, without a prefix.',
    stdout: '1001101',
    program: 'print(bin(77)[2:])',
  },
  {
    language: 'python',
    task: 'Print the number 3054 in hexadecimal with lower case letters, without a prefix.',
    stdout: 'bee',
    program: 'print(format(3054, "x"))',
  },
  {
    language: 'python',
    task: 'Print the words "one", "two" and "three" joined by a dash.',
    stdout: 'one-two-three',
    program: 'words = ["one", "two", "three"]\nprint("-".join(words))',
  },
  {
    language: 'python',
    task: 'Print each letter of the word "house" on its own line.',
    stdout: 'h\no\nu\ns\ne',
    program: 'for letter in "house":\n    print(letter)',
  },
  {
    language: 'python',
    task: 'For the numbers 1 to 6 print "even" or "odd", one word per line.',
    stdout: 'odd\neven\nodd\neven\nodd\neven',
    program:
      'for n in range(1, 7):\n    if n % 2 == 0:\n        print("even")\n    else:\n        print("odd")',
  },
  {
    language: 'python',
    task: 'Print the least common multiple of 12 and 18.',
    stdout: '36',
    program:
      'def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n\n\nprint(12 * 18 // gcd(12, 18))',
  },
  {
    language: 'python',
    task: 'Print the temperature 25 degrees Celsius in Fahrenheit as a number with one decimal.',
    stdout: '77.0',
    program: 'celsius = 25\nfahrenheit = celsius * 9 / 5 + 32\nprint(f"{fahrenheit:.1f}")',
  },
  {
    language: 'python',
    task: 'Print the Fibonacci numbers below 50, starting with 0, one per line.',
    stdout: '0\n1\n1\n2\n3\n5\n8\n13\n21\n34',
    program: 'a, b = 0, 1\nwhile a < 50:\n    print(a)\n    a, b = b, a + b',
  },
  {
    language: 'python',
    task: 'Write a function that doubles a number, and print its result for 21.',
    stdout: '42',
    program: 'def double(number):\n    """Twice the number."""\n    return 2 * number\n\n\nprint(double(21))',
  },
  {
    language: 'python',
    task: 'Print the last word of "the quick brown fox".',
    stdout: 'fox',
    program: 'text = "the quick brown fox"\nprint(text.split()[-1])',
  },
  {
    language: 'python',
    task: 'Print the numbers from 1 to 15, but "Fizz" for multiples of 3, "Buzz" for multiples of 5 and "FizzBuzz" for both, one per line.',
    stdout: '1\n2\nFizz\n4\nBuzz\nFizz\n7\n8\nFizz\nBuzz\n11\nFizz\n13\n14\nFizzBuzz',
    program:
      'for n in range(1, 16):\n    if n % 15 == 0:\n        print("FizzBuzz")\n    elif n % 3 == 0:\n        print("Fizz")\n    elif n % 5 == 0:\n        print("Buzz")\n    else:\n        print(n)',
  },
  {
    language: 'javascript',
    task: 'Print the numbers from 1 to 7, one per line.',
    stdout: '1\n2\n3\n4\n5\n6\n7',
    program: 'for (let n = 1; n <= 7; n++) {\n  console.log(n);\n}',
  },
  {
    language: 'javascript',
    task: 'Print the sum of the array [3, 9, 27].',
    stdout: '39',
    program: 'const numbers = [3, 9, 27];\nconsole.log(numbers.reduce((sum, n) => sum + n, 0));',
  },
  {
    language: 'javascript',
    task: 'Print the word "window" in upper case.',
    stdout: 'WINDOW',
    program: 'const word = "window";\nconsole.log(word.toUpperCase());',
  },
  {
    language: 'javascript',
    task: 'Print the word "lemon" backwards.',
    stdout: 'nomel',
    program: 'const word = "lemon";\nconsole.log([...word].reverse().join(""));',
  },
  {
    language: 'javascript',
    task: 'Print the largest of the numbers 14, 92 and 37.',
    stdout: '92',
    program:
      'function largest(...numbers) {\n  return Math.max(...numbers);\n}\n\nconsole.log(largest(14, 92, 37));',
  },
  {
    language: 'javascript',
    task: 'Print the cubes of the numbers 1 to 4, one per line.',
    stdout: '1\n8\n27\n64',
    program: 'for (const n of [1, 2, 3, 4]) {\n  console.log(n ** 3);\n}',
  },
  {
    language: 'bash',
    task: 'Print the numbers from 1 to 4, one per line.',
    stdout: '1\n2\n3\n4',
    program: 'for i in 1 2 3 4; do\n  echo "$i"\ndone',
  },
  {
    language: 'bash',
    task: 'Print the word "river" in upper case.',
    stdout: 'RIVER',
    program: 'word="river"\necho "${word^^}"',
  },
  { language: 'bash', task: 'Print 17 times 23.', stdout: '391', program: 'a=17\nb=23\necho $((a * b))' },
  {
    language: 'bash',
    task: 'Print how many words "to be or not to be" has.',
    stdout: '6',
    program: 'text="to be or not to be"\nset -- $text\necho $#',
  },
  {
    language: 'bash',
    task: 'Print the lines "alpha", "beta" and "gamma" in reverse order, one per line.',
    stdout: 'gamma\nbeta\nalpha',
    program: 'for word in gamma beta alpha; do\n  echo "$word"\ndone',
  },
  {
    language: 'bash',
    task: 'Print the sum of the numbers from 1 to 20.',
    stdout: '210',
    program: 'sum=0\nfor n in $(seq 20); do\n  sum=$((sum + n))\ndone\necho "$sum"',
  },
]
