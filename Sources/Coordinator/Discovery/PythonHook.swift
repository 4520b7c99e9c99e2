// The module `sitecustomize` by which Python stages report what they import. Its text is written next to the store, in
// the folder that is first on their path. `ImportNotes` reads what it writes.
//
// It wraps the loaders instead of looking at `sys.modules` in the end: that would miss processes that are killed or
// call `os._exit`, forked workers, and modules that were replaced.

/// For Python 3.6 and later, with nothing but what Python has loaded anyway.
let pythonHook = #"""
    """Notes which files of the project a stage imports, for `runs`: RUNS_IMPORTS names the file it writes to.

    A line a file, before it is executed: device, inode, size, mtime, ctime and path. Never fails: what it cannot note
    is left out. It stands first on the path, so it also runs the sitecustomize that it hides.
    """

    import os
    import sys
    import time


    def _follow(notes):
        if getattr(sys, "_runs_notes", None) == notes:
            return
        sys._runs_notes = notes
        external = sys.modules["_frozen_importlib_external"]
        root = notes.rsplit("/.runs/tmp/", 1)[0] + "/"
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, root + ".runs"}
        folders = [prefix.rstrip("/") + "/" for prefix in prefixes]
        outside = tuple(folder for folder in folders if not root.startswith(folder))
        seen = set()

        def write(line):
            # Opened for each line: a program may close what it did not open. One write a line: processes do not mix
            # theirs.
            file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
            try:
                os.write(file, line)
            finally:
                os.close(file)

        def note(path):
            """Returns whether the file was written just now."""
            if path in seen:
                return False
            seen.add(path)
            full = os.path.abspath(path)
            if full.startswith(outside) or "/site-packages/" in full or "/dist-packages/" in full:
                return False
            if not full.startswith(root):
                full = os.path.realpath(full)
                if not full.startswith(root) or full.startswith(outside):
                    return False
            stat = os.stat(full)
            name = os.fsencode(full[len(root):]).replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
            stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            write(b"%d %d %d %d %d " % stamp + name + b"\n")
            return abs(time.time() - stat.st_mtime) < 2

        def wrap(loader, method, path):
            original = vars(loader)[method]

            def noting(self, *arguments):
                try:
                    is_new = note(path(self, *arguments))
                except Exception:
                    is_new = False
                if not is_new or sys.dont_write_bytecode:
                    return original(self, *arguments)
                # Cached bytecode is known by whole seconds: another edit in this one would not be noticed.
                sys.dont_write_bytecode = True
                try:
                    return original(self, *arguments)
                finally:
                    sys.dont_write_bytecode = False

            # As a part of the import system, which tracebacks leave out.
            if hasattr(noting.__code__, "replace"):
                name = external.SourceLoader.get_code.__code__.co_filename
                noting.__code__ = noting.__code__.replace(co_filename=name)
            setattr(loader, method, noting)

        write(b"runs 1\n")
        named = lambda self, name: self.get_filename(name)
        wrap(external.SourceLoader, "get_code", named)
        wrap(external.SourcelessFileLoader, "get_code", named)
        wrap(external.ExtensionFileLoader, "create_module", lambda self, spec: self.path)
        archives = getattr(sys.modules.get("zipimport"), "zipimporter", None)
        for method in ("get_code", "load_module"):
            if hasattr(vars(archives or object).get(method), "__code__"):
                wrap(archives, method, lambda self, name: self.archive)
        # The program itself is executed without a loader.
        program = getattr(sys, "argv", None) or [""]
        if os.path.isfile(program[0]):
            note(program[0])


    def _run_hidden():
        here = os.path.dirname(__file__)
        later = sys.path[sys.path.index(here) + 1 :] if here in sys.path else []
        spec = sys.modules["_frozen_importlib_external"].PathFinder.find_spec("sitecustomize", later)
        if spec is not None and spec.loader is not None:
            module = sys.modules["_frozen_importlib"].module_from_spec(spec)
            sys.modules["sitecustomize"] = module
            spec.loader.exec_module(module)


    try:
        if os.environ.get("RUNS_IMPORTS"):
            _follow(os.environ["RUNS_IMPORTS"])
    except Exception:
        pass
    _run_hidden()

    """#
