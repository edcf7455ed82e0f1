"""What notebooks do every day, inside tier A: nothing of it is in the way of the lock-down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.nouns import Limits
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.warm_process.server import PRELOAD
from tests.sandbox.conftest import ask, held_here, serve

LIMITS = Limits(cpu_seconds=120, memory_mb=3072)
MODEL = """
import numpy as np, keras, tensorflow as tf
x, y = np.random.rand(256, 4).astype('float32'), np.random.rand(256, 1).astype('float32')
def model(**settings):
    m = keras.Sequential([keras.layers.Dense(8, activation='relu'), keras.layers.Dense(1)])
    m.compile('adam', 'mse', **settings)
    return m
"""
WORK = {
    "a Keras fit": MODEL + "answer = len(model().fit(x, y, epochs=2, verbose=0).history['loss'])",
    "XLA": MODEL
    + (
        "h = model(jit_compile=True).fit(x, y, epochs=1, verbose=0)\n"
        "f = tf.function(lambda a: tf.reduce_sum(a * a), jit_compile=True)\n"
        "answer = len(h.history['loss']) + int(f(tf.ones([3])) == 3)"
    ),
    "tf.data with parallel maps and a cache file": MODEL
    + (
        "d = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(256).batch(32)\n"
        "d = d.map(lambda a, b: (a * 2, b), num_parallel_calls=tf.data.AUTOTUNE)\n"
        "d = d.cache('cache').prefetch(tf.data.AUTOTUNE)\n"
        "answer = len(model().fit(d, epochs=2, verbose=0).history['loss'])"
    ),
    "a PyDataset with workers": MODEL
    + (
        "class Batches(keras.utils.PyDataset):\n"
        "    def __len__(self): return 4\n"
        "    def __getitem__(self, i): return x[i*8:i*8+8], y[i*8:i*8+8]\n"
        "h = model().fit(Batches(workers=2, use_multiprocessing=False), epochs=1, verbose=0)\n"
        "answer = len(h.history['loss'])"
    ),
    "saving and loading a model": MODEL
    + (
        "m = model(); m.fit(x, y, epochs=1, verbose=0); m.save('m.keras')\n"
        "m2 = keras.models.load_model('m.keras')\n"
        "answer = bool(np.allclose(m.predict(x, verbose=0), m2.predict(x, verbose=0)))"
    ),
    "plots": (
        "import matplotlib.pyplot as plt, os\n"
        "plt.plot([1, 2]); plt.title('loss'); plt.savefig('plot.png')\n"
        "answer = os.path.getsize('plot.png') > 1000"
    ),
    "joblib on all cores": (
        "from joblib import Parallel, delayed\n"
        "answer = Parallel(n_jobs=-1)(delayed(pow)(n, 2) for n in range(4))"
    ),
    "joblib with two workers": (
        "from joblib import Parallel, delayed\n"
        "answer = Parallel(n_jobs=2)(delayed(pow)(n, 2) for n in range(4))"
    ),
    "scikit-learn with n_jobs": (
        "import numpy as np\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "x = np.random.rand(60, 3); y = (x[:, 0] > 0.5).astype(int)\n"
        "answer = RandomForestClassifier(10, n_jobs=-1).fit(x, y).score(x, y) > 0.5"
    ),
    "multiprocessing": (
        "import multiprocessing as mp\n"
        "with mp.get_context('fork').Pool(2) as pool: answer = pool.map(abs, [-1, 2])"
    ),
    "multiprocessing queues and locks": (
        "import multiprocessing as mp\n"
        "c = mp.get_context('fork'); q, lock = c.Queue(), c.Lock()\n"
        "def work():\n"
        "    with lock: q.put(7)\n"
        "p = c.Process(target=work); p.start(); answer = q.get(timeout=20); p.join()"
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: answer = list(pool.map(abs, [-1, 2]))"
    ),
    "subprocess and pipes": (
        "import subprocess\n"
        "answer = subprocess.run('ls -la | wc -l; uname', shell=True, capture_output=True,"
        " text=True).stdout.split()[1]"
    ),
    "another Python": (
        "import subprocess, sys\n"
        "answer = subprocess.run([sys.executable, '-c', 'import numpy; print(numpy.sqrt(4))'],"
        " capture_output=True, text=True).stdout"
    ),
    "temporary files": (
        "import tempfile, os\n"
        "with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:\n"
        "    open(folder + '/a', 'w').close(); answer = os.listdir(folder)"
    ),
    "files in /tmp": "open('/tmp/a.txt', 'w').write('x'); answer = open('/tmp/a.txt').read()",
    "an event loop": (
        "import asyncio\n"
        "async def main():\n"
        "    await asyncio.sleep(0.01); return 5\n"
        "answer = asyncio.run(main())"
    ),
    "pandas and files": (
        "import pandas as pd\n"
        "pd.DataFrame({'a': [1, 2]}).to_csv('a.csv'); answer = int(pd.read_csv('a.csv').a.sum())"
    ),
    "HDF5": (
        "import h5py\n"
        "with h5py.File('a.h5', 'w') as f: f['x'] = [1, 2, 3]\n"
        "with h5py.File('a.h5') as f: answer = int(f['x'][:].sum())"
    ),
    "memory maps": (
        "import numpy as np\n"
        "m = np.memmap('a.bin', dtype='f4', mode='w+', shape=(10,)); m[:] = 1; m.flush()\n"
        "answer = float(np.memmap('a.bin', dtype='f4').sum())"
    ),
    "who and where one is": (
        "import getpass, os, platform, socket, pathlib\n"
        "answer = [getpass.getuser(), socket.gethostname(), str(pathlib.Path.home()),"
        " os.cpu_count() > 0, bool(platform.platform())]"
    ),
    "ending its own child": (
        "import subprocess\np = subprocess.Popen(['sleep', '60']); p.terminate(); answer = p.wait()"
    ),
    "an alarm": (
        "import signal\n"
        "got = []\n"
        "signal.signal(signal.SIGALRM, lambda *a: got.append(1)); signal.setitimer("
        "signal.ITIMER_REAL, 0.05); signal.pause(); answer = got"
    ),
}


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmServer]:
    with serve(held_here(Tier.FULL), preload=PRELOAD) as server:
        yield server


@pytest.mark.parametrize("work", WORK)
def test_everyday_work_goes_on_inside(work: str, warm: WarmServer) -> None:
    with warm.start(LIMITS) as job:
        got = ask(job, WORK[work])
        output = job.finish().output.decode()
    assert got.get("answer"), (got, output)
