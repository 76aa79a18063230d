import { expect, test } from 'vitest'
import { filterOf, labelQuery, readLabel } from './filter.ts'

test('a wall’s address tells its filter, and what is none in it is left out', () => {
  const query = new URLSearchParams(
    'state=failed,odd,canceled&q=two+words&label=team%3Dred&label=size%3Da%3Db&label=x',
  )
  expect(filterOf(query)).toEqual({
    state: ['failed', 'canceled'],
    text: 'two words',
    labels: { team: 'red', size: 'a=b' },
  })
})

test('labels are written as they are read', () => {
  expect(readLabel(' team = red ')).toEqual(['team', 'red'])
  expect(readLabel('team')).toBeNull()
  expect(labelQuery({ team: 'red', size: 'a=b' })).toEqual(['team=red', 'size=a=b'])
  expect(labelQuery({})).toBeNull()
})
