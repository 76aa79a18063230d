"""Runs a command on a pseudo-terminal: terminal.py <columns> <rows> <command> …

What is typed and the window's size come in frames on stdin: a byte for the kind (0: typed bytes, 1: columns and rows), 16
bits of length, and so many bytes; numbers are big-endian. What is printed goes to stdout. Ends with the command, and with
its exit code, or when stdin ends. Neither side holds more than 64 KiB that the other does not take.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

MOST = 65536


def main():
    columns, rows = map(int, sys.argv[1:3])
    terminal, command_side = pty.openpty()
    resize(terminal, columns, rows)
    child = os.fork()
    if child == 0:
        os.close(terminal)
        os.login_tty(command_side)
        run(sys.argv[3:])
    os.close(command_side)
    pass_on(terminal, os.pidfd_open(child))
    _, status = os.waitpid(child, os.WNOHANG)
    sys.exit(os.waitstatus_to_exitcode(status) & 255)


def run(command):
    # In want of memory the kernel shall end the command and not the agent.
    with open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")
    os.execvp(command[0], command)


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def pass_on(terminal, ended):
    for end in (0, 1, terminal):
        os.set_blocking(end, False)
    frames, typed, printed = b"", b"", b""
    is_open, has_ended = True, False
    while printed or not has_ended:
        reading = [] if has_ended else [ended]
        if not has_ended and len(typed) < MOST:
            reading.append(0)
        if not has_ended and is_open and len(printed) < MOST:
            reading.append(terminal)
        writing = ([1] if printed else []) + ([terminal] if typed and not has_ended else [])
        readable, writable, _ = select.select(reading, writing, [])
        if 0 in readable:
            chunk = os.read(0, MOST)
            if not chunk:
                return
            taken, frames = take_frames(terminal, frames + chunk)
            typed += taken
        if terminal in readable or ended in readable:
            # What came last is printed too; a program in the background may print for ever.
            chunk, is_open = read(terminal)
            printed += chunk
        has_ended = has_ended or ended in readable
        if terminal in writable:
            typed = typed[write(terminal, typed) :]
        if 1 in writable:
            printed = printed[write(1, printed) :]


def take_frames(terminal, data):
    """Obeys the whole frames in the data; gives the bytes that were typed, and what is left of the data."""
    typed = b""
    while len(data) >= 3:
        kind, length = struct.unpack_from(">BH", data)
        if len(data) < 3 + length:
            break
        payload, data = data[3 : 3 + length], data[3 + length :]
        if kind == 1:
            resize(terminal, *struct.unpack(">HH", payload))
        else:
            typed += payload
    return typed, data


def read(terminal):
    """What is there to read, and whether any process still has the terminal open (else EIO)."""
    try:
        return os.read(terminal, MOST), True
    except BlockingIOError:
        return b"", True
    except OSError:
        return b"", False


def write(to, data):
    try:
        return os.write(to, data)
    except BlockingIOError:
        return 0
    except OSError:
        return len(data)


main()
