"""Runs inside the sandbox, as the only program there; the same protocol as runner.cjs, which explains it."""

import _thread
import errno
import json
import os
import sys

ATTEMPTS = {
    "os.fork": "process",
    "os.forkpty": "process",
    "os.exec": "process",
    "os.posix_spawn": "process",
    "os.spawn": "process",
    "os.system": "process",
    "subprocess.Popen": "process",
    "socket.__new__": "network",
    "socket.bind": "network",
    "socket.connect": "network",
    "socket.getaddrinfo": "network",
    "socket.gethostbyname": "network",
    "socket.sendto": "network",
}


def read_line(begun=b""):
    chunks = [begun]
    while b"\n" not in chunks[-1]:
        chunk = os.read(0, 65536)
        if chunk == b"":
            os._exit(0)  # the host closed without asking for anything
        chunks.append(chunk)
    line, _, rest = b"".join(chunks).partition(b"\n")
    return line, rest


def create_send(nonce, write=os.write):
    begin = b"\n" + nonce.encode() + b" "

    def send(kind, text):
        frame = memoryview(begin + kind.encode() + b" " + text.encode() + b"\n")
        while frame:
            frame = frame[write(1, frame) :]

    return send


class Denied(Exception):
    """The host did not do what was asked."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Reply(dict):
    """What came of a fetch."""

    def text(self):
        return str(self.get("body", ""))

    def json(self):
        return json.loads(self.text())


class Folder:
    def __init__(self, call, name):
        self._call, self._name = call, name

    def list(self, path=""):
        return self._call("folder", {"name": self._name, "action": "list", "path": path})

    def read(self, path):
        return self._call("folder", {"name": self._name, "action": "read", "path": path})

    def write(self, path, text):
        return self._call("folder", {"name": self._name, "action": "write", "path": path, "text": text})

    def mkdir(self, path):
        return self._call("folder", {"name": self._name, "action": "mkdir", "path": path})

    def move(self, path, to):
        return self._call("folder", {"name": self._name, "action": "move", "path": path, "to": to})


class Memory:
    def __init__(self, call):
        self._call = call

    def search(self, query, **options):
        return self._call("memory", {**options, "query": query})


class Context:
    """What a skill gets as its second argument."""

    def __init__(self, send):
        self._send, self._rest, self._next = send, b"", 1
        self._turn = _thread.allocate_lock()
        self.memory = Memory(self._call)

    def _call(self, power, value):
        with self._turn:  # threads of a skill take turns: each has to get its own reply
            number, self._next = self._next, self._next + 1
            self._send("call", json.dumps({"id": number, "power": power, "input": value}, allow_nan=False))
            line, self._rest = read_line(self._rest)
        reply = json.loads(line)
        if "error" in reply:
            raise Denied(reply["error"].get("code"), reply["error"].get("message"))
        return reply["value"]

    def log(self, *values):
        print(*(value if isinstance(value, str) else json.dumps(value) for value in values), file=sys.stderr, flush=True)

    def fetch(self, url, **options):
        return Reply(self._call("fetch", {**options, "url": url}))

    def tool(self, name, value=None):
        return self._call("tool", {"name": name, "input": value})

    def folder(self, name):
        return Folder(self._call, name)


def load(files, entry):
    """The function `main` of the entry; other files lie in /tmp, so that they can be imported and read."""
    root = "/tmp/skill"
    folder = os.path.dirname(entry)
    if len(files) > 1:
        for path, text in files.items():
            os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
            with open(f"{root}/{path}", "w", encoding="utf-8", newline="") as file:
                file.write(text)
        sys.path[:0] = [f"{root}/{folder}".rstrip("/"), root]
    if entry not in files:
        raise FileNotFoundError(f"{entry} is not a file of this skill")
    module = type(sys)("skill")
    module.__file__ = f"{root}/{entry}"
    module.__package__ = folder.replace("/", ".")
    sys.modules["skill"] = module
    exec(compile(files[entry], entry, "exec"), module.__dict__)
    main = module.__dict__.get("main")
    if not callable(main):
        raise TypeError("the entry has no function main; write: def main(input, ctx): …")
    return main


def takes_context(main):
    code = getattr(main, "__code__", None)
    if code is None:
        return False
    return code.co_argcount > 1 or bool(code.co_flags & 4)  # 4: it has *args


def run_main(main, value, context):
    result = main(value, context) if takes_context(main) else main(value)
    if hasattr(result, "__await__"):
        import asyncio

        return asyncio.run(await_it(result))
    return result


async def await_it(coroutine):
    return await coroutine


def describe(error, attempt):
    """The facts of an error; a skill may raise anything, so reading it may fail, too."""
    try:
        number = getattr(error, "errno", None)
        code = errno.errorcode.get(number) if isinstance(number, int) else getattr(error, "code", None)
        path = getattr(error, "filename", None)
        return json.dumps(
            {
                "name": type(error).__name__[:100],
                "message": str(error)[:2000],
                **({} if code is None else {"code": str(code)[:100]}),
                **({} if path is None else {"path": str(path)[:1000]}),
                **({} if attempt is None else {"attempt": attempt}),
            }
        )
    except BaseException:
        return '{"name":"Exception","message":"an error that cannot be read"}'


def show(error):
    import traceback

    traceback.print_exception(type(error), error, error.__traceback__, limit=20)


def limit_threads():
    """Where the driver names a number. The kernel counts within the namespace of this user, so that is all there can be in here."""
    if len(sys.argv) > 1:
        import resource

        most = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def run():
    limit_threads()
    os.write(1, b"ready\n")
    request = json.loads(read_line()[0])
    send = create_send(request["nonce"])
    sys.stdout = sys.stderr
    last = [None]

    def watch(event, _):
        if event in ATTEMPTS:
            last[0] = ATTEMPTS[event]

    try:
        sys.addaudithook(watch)
        main = load(request["files"], request["entry"])
        output = run_main(main, request["input"], Context(send))
    except MemoryError as error:
        error.__traceback__ = None  # it holds on to what filled the memory
        send("error", '{"name":"MemoryError","message":"out of memory"}')
        return
    except BaseException as error:
        facts = describe(error, last[0])
        try:
            show(error)
        except BaseException:
            pass  # the facts matter more
        send("error", facts)
        return
    try:
        text = json.dumps(output, allow_nan=False)
    except BaseException as error:
        send("unfit", describe(error, None))
        return
    send("answer", text)


run()
