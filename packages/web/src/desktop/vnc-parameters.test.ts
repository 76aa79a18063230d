import { describe, expect, test } from 'vitest'
import { readVncParameters } from './vnc-parameters.ts'

const read = (url: string) => readVncParameters(new URL(url))

describe('readVncParameters', () => {
  test('finds the stream beside the page, under any path', () => {
    expect(read('http://box:7080/jobs/job-0123456789ab/vnc.html').url).toBe(
      'ws://box:7080/jobs/job-0123456789ab/websockify',
    )
    expect(read('https://example.org/vitrine/jobs/job-0123456789ab/vnc.html?autoconnect=1').url).toBe(
      'wss://example.org/vitrine/jobs/job-0123456789ab/websockify',
    )
  })

  test('takes host and port as noVNC does', () => {
    expect(read('http://localhost:6080/vnc.html?host=localhost&port=6080').url).toBe(
      'ws://localhost:6080/websockify',
    )
    expect(read('http://localhost:7080/jobs/x/vnc.html?port=6081').url).toBe('ws://localhost:6081/websockify')
    expect(read('http://a/vnc.html?host=b&port=5901&path=desk/1&encrypt=1').url).toBe('wss://b:5901/desk/1')
  })

  test('connects by itself, except to another machine than the page’s', () => {
    expect(read('http://localhost:6080/vnc.html').autoconnect).toBe(true)
    expect(read('http://localhost:6080/vnc.html?host=127.0.0.1&port=6080').autoconnect).toBe(true)
    expect(read('http://localhost:6080/vnc.html?autoconnect=false').autoconnect).toBe(false)
    expect(read('http://localhost:6080/vnc.html?host=elsewhere.example').autoconnect).toBe(false)
    expect(read('http://localhost:6080/vnc.html?path=//elsewhere.example/x').autoconnect).toBe(false)
  })

  test('stays at home where host or port make no address', () => {
    expect(read('http://localhost:6080/vnc.html?host=a%20b&port=x').url).toBe(
      'ws://localhost:6080/websockify',
    )
  })

  test('scales and allows input unless told otherwise', () => {
    expect(read('http://a/vnc.html')).toMatchObject({ resize: 'scale', viewOnly: false })
    expect(read('http://a/vnc.html?resize=remote&view_only=true')).toMatchObject({
      resize: 'remote',
      viewOnly: true,
    })
    expect(read('http://a/vnc.html?resize=sideways&view_only')).toMatchObject({
      resize: 'scale',
      viewOnly: true,
    })
  })
})
