"""The structures of heat2d as gdb prints them, and three commands: heat-where, heat-attach and heat-crash.

    (gdb) source scripts/gdb/heat2d.py       scripts/debug does this
    (gdb) print *field
    heat_field on [0, 50) x [0, 40), depth 2, valid 1, stride 56, corners 293.15 293.15 | 300 301.5
"""

import os
import re

import gdb


def box_text(box):
    return " x ".join("[%d, %d)" % (int(box["lo"][axis]), int(box["hi"][axis])) for axis in (0, 1))


class Box:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return box_text(self.value)


class Field:
    """The box, the ghost layers, and the values in the corners of the owned box: low row, then high row."""

    def __init__(self, value):
        self.value = value

    def corners(self):
        field = self.value
        low, high, stride = field["owned"]["lo"], field["owned"]["hi"], int(field["stride"])
        width, height = (int(high[axis]) - int(low[axis]) for axis in (0, 1))
        if width <= 0 or height <= 0:
            return "none (empty)"
        try:
            values = [float(field["corner"][row * stride + column]) for row in (0, height - 1) for column in (0, width - 1)]
        except gdb.error as error:
            return "unreadable (%s)" % error
        return "%.10g %.10g | %.10g %.10g" % tuple(values)

    def to_string(self):
        field = self.value
        if int(field["corner"]) == 0:
            return "heat_field, not allocated"
        return "heat_field on %s, depth %d, valid %d, stride %d, corners %s" % (
            box_text(field["owned"]), int(field["depth"]), int(field["valid"]), int(field["stride"]), self.corners())


class Grid:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        grid, layout = self.value, self.value["layout"]
        seams = [axis for n, axis in enumerate("xy") if layout["periodic"][n]]
        return "heat_grid of %d x %d cells over %d x %d ranks%s; rank %d of %d owns %s" % (
            int(layout["cells"][0]), int(layout["cells"][1]), int(layout["ranks"][0]), int(layout["ranks"][1]),
            ", periodic in " + " and ".join(seams) if seams else "", int(grid["rank"]), int(grid["size"]),
            box_text(grid["owned"]))


class Clock:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        clock = self.value
        return "heat_clock from step %d at %.10g s by %.10g s to step %d at %.10g s" % (
            int(clock["anchor_step"]), float(clock["anchor_time"]), float(clock["dt"]), int(clock["last"]),
            float(clock["end"]))


PRINTERS = {"heat_box": Box, "heat_field": Field, "heat_grid": Grid, "heat_clock": Clock}


def look_up(value):
    printer = PRINTERS.get(value.type.unqualified().strip_typedefs().name or value.type.unqualified().name)
    return printer(value) if printer else None


def load_what_the_stack_needs():
    """With auto-solib-add off: the symbols of the libraries that the frames lie in, and of no others."""
    loaded, again = set(), True
    while again:
        again, frame = False, gdb.newest_frame()
        while frame is not None and not again:
            library = gdb.current_progspace().solib_name(frame.pc())
            if library and library not in loaded:
                loaded.add(library)
                # Without a library's unwinding tables the frames below were guessed.
                gdb.execute("sharedlibrary " + re.escape(library), to_string=True)
                again = True
            else:
                frame = frame.older()


def rank():
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"):
        if name in os.environ:
            return os.environ[name]
    try:
        with open("/proc/%d/environ" % gdb.selected_inferior().pid, "rb") as file:
            for entry in file.read().split(b"\0"):
                if entry.startswith(b"OMPI_COMM_WORLD_RANK="):
                    return entry.split(b"=")[1].decode()
    except OSError:
        pass
    return "?"


def position():
    """The step and the block of this rank, from the time loop's frame; an empty text outside of it."""
    frame = gdb.newest_frame()
    while frame is not None:
        try:
            simulation = frame.read_var("sim")
            if simulation.type.code == gdb.TYPE_CODE_PTR:
                simulation = simulation.dereference()
            return "step %d, block %s" % (int(simulation["state"]["step"]),
                                          box_text(simulation["setup"]["grid"]["owned"]))
        except (ValueError, gdb.error):
            frame = frame.older()
    return "outside of the time loop"


class Where(gdb.Command):
    """heat-where: the rank, its step and its block, and the frames with their source lines."""

    def __init__(self):
        super().__init__("heat-where", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        print("rank %s: %s" % (rank(), position()))
        frame, number = gdb.newest_frame(), 0
        while frame is not None:
            place = frame.find_sal()
            source = "%s:%d" % (os.path.basename(place.symtab.filename), place.line) if place.symtab else "-"
            print("frame %d %s %s" % (number, frame.name() or "??", source))
            frame, number = frame.older(), number + 1


class Attach(gdb.Command):
    """heat-attach RANK:PID...: heat-where of each of these processes, all of them stopped meanwhile.

    One gdb reads the symbols of the program once for all of them, and a rank that waits by spinning no longer takes the
    processor from it once it is attached."""

    def __init__(self):
        super().__init__("heat-attach", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        gdb.execute("set auto-solib-add off")
        attached = []
        for number, word in enumerate(argument.split(), 1):
            name, pid = word.split(":")
            if number > 1:
                gdb.execute("add-inferior", to_string=True)
                gdb.execute("inferior %d" % number, to_string=True)
            try:
                gdb.execute("attach " + pid, to_string=True)
                attached.append((number, name))
            except gdb.error as error:
                print("attached %s\nfailed %s" % (name, error))
        for number, name in attached:
            print("attached " + name)
            try:
                gdb.execute("inferior %d" % number, to_string=True)
                load_what_the_stack_needs()
                gdb.execute("heat-where")
            except gdb.error as error:
                print("failed %s" % error)


class Crash(gdb.Command):
    """heat-crash: run the program; when it crashes say where, and leave a core if cores are allowed."""

    def __init__(self):
        super().__init__("heat-crash", gdb.COMMAND_RUNNING)
        self.signal = None

    def stopped(self, event):
        if isinstance(event, gdb.SignalEvent):
            self.signal = event.stop_signal

    def invoke(self, argument, from_tty):
        import resource

        gdb.events.stop.connect(self.stopped)
        gdb.execute("run")
        if self.signal is None:
            code = gdb.parse_and_eval("$_exitcode")
            gdb.execute("quit %d" % (int(code) if code.type.code == gdb.TYPE_CODE_INT else 1))
            return
        print("\nrank %s crashed: %s, %s" % (rank(), self.signal, position()))
        gdb.execute("backtrace -frame-arguments scalars 30")
        if resource.getrlimit(resource.RLIMIT_CORE)[0] != 0:
            gdb.execute("generate-core-file core.rank-%s" % rank())
        number = {"SIGSEGV": 11, "SIGABRT": 6, "SIGFPE": 8, "SIGBUS": 7, "SIGILL": 4}.get(self.signal, 1)
        gdb.execute("kill")
        gdb.execute("quit %d" % (128 + number))


gdb.pretty_printers.append(look_up)
Where()
Attach()
Crash()
