# What a submission tries in a sandbox. Each cell sets `done` to whether it succeeded. SECRET, COURSE, OUT and HOME
# are paths, PORT is that of a server on this machine.

# %% reads
done = bool(open(SECRET).read())

# %% looks-for-tests
import os

done = bool(os.listdir(COURSE) + os.listdir(OUT))

# %% writes
done = bool(open(OUT + "/written", "w").write("x"))

# %% writes-at-home
done = bool(open(HOME, "w").write("x"))

# %% writes-into-the-package
import cnnlib

done = bool(open(cnnlib.__path__[0] + "/written.py", "w").write("x"))

# %% calls
import socket

done = bool(socket.create_connection(("127.0.0.1", PORT), 3))
