# What no student of yours would hand in. Each cell stands for the answer to `double`; its header gives the points
# that it then gets for `double` and for `root`, whose answer is right.

# %% right 2 3
def double(x):
    return 2 * x


# %% example-only 0 3
def double(x):
    return 6


# %% stops-with-an-error 0 3
def double(x):
    return x / 0


# %% does-not-parse 0 3
def double(x)
    return 2 * x


# %% loops-for-ever 2 3
def double(x):
    return 2 * x


while True:
    pass


# %% loops-in-the-answer 0 3
def double(x):
    while True:
        pass


# %% will-not-be-interrupted 0 3
import signal
import time

signal.signal(signal.SIGINT, signal.SIG_IGN)


def double(x):
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass


# %% eats-memory 0 3
def double(x):
    rows = []
    while True:
        rows.append(bytearray(10**8))


# %% prints-a-million-lines 2 3
def double(x):
    return 2 * x


for n in range(1_000_000):
    print("line", n)


# %% exits 0 3
import os

os._exit(0)


# %% exits-politely 0 3
import sys


def double(x):
    sys.exit()


# %% kills 0 3
import os
import signal

os.kill(os.getppid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)


# %% patches-the-checker 0 0
import cnncourse.check.answers

cnncourse.check.answers._complaint = lambda *_: None


def double(x):
    ...


# %% rebinds-the-checker 0 0
value = lambda *_: None


def double(x):
    ...


# %% rewrites-the-checker 0 0
import cnncourse.check.answers

cnncourse.check.answers.value.__code__ = (lambda got, right, what, mistakes, tolerance: None).__code__


def double(x):
    ...


# %% patches-mathematics 0 0
import math

math.sqrt = lambda x: 7


def double(x):
    return 2 * x


# %% hides-errors 0 0
get_ipython().showtraceback = lambda *_, **__: None


def double(x):
    ...


# %% swallows-errors 0 0
get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)


def double(x):
    ...


# %% silences-the-seal 0 0
get_ipython().user_expressions = lambda *_: {}


def double(x):
    ...


# %% forges-what-was-measured 0 0
from cnncourse.check import measured

measured._FOLDER = "/tmp"


def double(x):
    return 2 * x
