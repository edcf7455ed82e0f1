"""Forty ways to write, compile and hand over the same small classifier, as students do it.

Each is the answer cell of a student; it ends with the names `net`, and for some `build`. `misses`
names the criteria (of `CRITERIA`) that it does not meet, in the notebook and graded.
"""

from __future__ import annotations

from dataclasses import dataclass

START = """
import functools
import keras, numpy as np, tensorflow as tf
from keras import layers, losses, metrics, optimizers
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x = rng.normal(size=(24, 4)).astype("float32")
y = (np.arange(24) % 3).astype("int64")
hidden = lambda: layers.Dense(8, activation="relu", name="hidden")
head = lambda: layers.Dense(3, activation="softmax", name="head")
plain = lambda: keras.Sequential([keras.Input((4,)), hidden(), head()])
def compiled(net, optimizer=None, loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    net.compile(optimizer or optimizers.Adam(0.01), loss, metrics=list(metrics))
    return net
"""

CRITERIA = """
X = np.random.default_rng(7).normal(size=(6, 4)).astype("float32")
T = np.arange(6) % 3
task = Task("t")
@task.criterion("loss", points=1)
def loss(net): expect.compiled_as(net, loss="sparse_categorical_crossentropy")
@task.criterion("rate", points=1)
def rate(net): expect.compiled_as(net, optimizer="adam", learning_rate=0.01)
@task.criterion("metric", points=1)
def metric(net): expect.compiled_as(net, metrics=["accuracy"])
@task.criterion("fits", points=1)
def fits(net): expect.loss_fits_output(net)
@task.criterion("layers", points=2)
def layers_(net): expect.layers_in_order(net, ["Dense(8, relu)", "Dense(3, softmax)"])
@task.criterion("shape", points=1)
def shape(net): expect.output_shape(net, (None, 3), inputs=X)
@task.criterion("io", points=1)
def io(net): expect.model_io(net, (None, 4), (None, 3))
@task.criterion("alone", points=1)
def alone(net): expect.samples_independent(net, X)
@task.criterion("size", points=1)
def size(net): expect.param_count(net, at_least=67, at_most=67)
@task.criterion("gradient", points=1)
def gradient(net): expect.gradient_reaches(net, X, T)
@task.criterion("free", points=1)
def free(net): expect.frozen(net, "hidden", X, T)
@task.criterion("learns", points=1)
def learns(net): expect.overfits_small_batch(net, X, T, steps=3, at_most=0.9999)
@task.criterion("drops", points=1)
def drops_(net): expect.loss_drops(net, [w * 3 for w in net.get_weights()], X, T, at_most=0.9)
@task.criterion("setting", points=1)
def setting(net): expect.layer_setting(net, "head", activation="softmax")
@task.criterion("anew", points=1)
def anew(build): expect.output_shape(build(), (None, 3), inputs=X)
task.check()
"""


@dataclass(frozen=True)
class Way:
    """One student's answer, and the criteria that it does not meet."""

    code: str
    misses: str = ""
    note: str = ""  # what `check()` says of it before it is handed in


ALWAYS = "free"  # the hidden layer is not frozen
GRAPHLESS = "gradient learns"  # of a model that stays with the student

WAYS: dict[str, Way] = {
    # ── compile ──
    "loss by name": Way("net = compiled(plain())"),
    "loss by short name": Way(
        'net = compiled(plain(), loss="mse")', "loss fits drops learns gradient"
    ),
    "loss by function": Way("net = compiled(plain(), loss=losses.sparse_categorical_crossentropy)"),
    "loss by class": Way("net = compiled(plain(), loss=losses.SparseCategoricalCrossentropy())"),
    "loss from logits": Way(
        "net = compiled(plain(), loss=losses.SparseCategoricalCrossentropy(from_logits=True))",
        "fits",
    ),
    "loss in a list": Way('net = compiled(plain(), loss=["sparse_categorical_crossentropy"])'),
    "loss in a dict": Way(
        "i = keras.Input((4,))\nnet = compiled(keras.Model(i, head()(hidden()(i))), "
        "loss={'head': losses.sparse_categorical_crossentropy})"
    ),
    "metric by function": Way(
        "net = compiled(plain(), metrics=[metrics.sparse_categorical_accuracy])"
    ),
    "metric by class": Way(
        "net = compiled(plain(), metrics=[metrics.SparseCategoricalAccuracy(name='accuracy')])"
    ),
    "metrics nested": Way(
        'net = compiled(plain(), metrics=[["accuracy", "sparse_categorical_crossentropy"]])'
    ),
    "own metric function": Way(
        "def my_accuracy(t, p): return tf.reduce_mean(p)\n"
        "net = compiled(plain(), metrics=[my_accuracy, 'accuracy'])",
        note="metric my_accuracy is your own",
    ),
    "own metric class": Way(
        "class Mine(metrics.Mean): pass\nnet = compiled(plain(), metrics=['accuracy', Mine()])",
        note="metric Mine is your own",
    ),
    "own loss function": Way(
        "def mine(t, p): return losses.sparse_categorical_crossentropy(t, p)\n"
        "net = compiled(plain(), loss=mine)",
        "loss fits",
        note="loss mine is your own",
    ),
    "own loss class": Way(
        "class Mine(losses.Loss):\n"
        "    def call(self, t, p): return losses.sparse_categorical_crossentropy(t, p)\n"
        "net = compiled(plain(), loss=Mine())",
        "loss fits",
        note="loss Mine is your own",
    ),
    "own loss lambda": Way(
        "net = compiled(plain(), loss=lambda t, p: losses.sparse_categorical_crossentropy(t, p))",
        "loss fits",
        note="loss lambda is your own",
    ),
    "partial loss": Way(
        "net = compiled(plain(), loss=functools.partial(losses.sparse_categorical_crossentropy))",
        note="is your own",
    ),
    "optimizer by name": Way('net = compiled(plain(), "adam")', "rate"),
    "rate set later": Way('net = compiled(plain(), "adam")\nnet.optimizer.learning_rate = 0.01'),
    "built-in schedule": Way(
        "net = compiled(plain(), optimizers.Adam(optimizers.schedules.CosineDecay(0.01, 100)))"
    ),
    "own schedule": Way(
        "class Warm(optimizers.schedules.LearningRateSchedule):\n"
        "    def __call__(self, step): return 0.01\n"
        "net = compiled(plain(), optimizers.Adam(Warm()))",
        note="schedule Warm is your own",
    ),
    "own optimizer": Way(
        "class Adam(optimizers.SGD): pass\nnet = compiled(plain(), Adam(0.01))",
        note="optimizer Adam is your own",
    ),
    "not compiled": Way("net = plain()", "loss rate metric fits gradient learns drops"),
    # ── activations ──
    "tf.nn.softmax": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), layers.Dense(8, tf.nn.relu, "
        "name='hidden'), layers.Dense(3, tf.nn.softmax, name='head')]))"
    ),
    "keras.ops.softmax": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), layers.Dense(8, keras.ops.relu, "
        "name='hidden'), layers.Dense(3, keras.ops.softmax, name='head')]))"
    ),
    "activation layers": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), layers.Dense(8, name='hidden'), "
        "layers.ReLU(), layers.Dense(3, name='head'), layers.Softmax()]))",
        "setting",
    ),
    "lambda activation": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), hidden(), layers.Dense(3, "
        "activation=lambda z: tf.nn.softmax(z), name='head')]))",
        f"fits layers setting {GRAPHLESS}",
        note="head uses the function lambda of your own",
    ),
    "Activation(lambda)": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), hidden(), layers.Dense(3, "
        "name='head'), layers.Activation(lambda z: tf.nn.softmax(z))]))",
        f"fits layers setting {GRAPHLESS}",
        note="uses the function lambda of your own",
    ),
    "own function called softmax": Way(
        "def softmax(z): return tf.nn.softmax(z * 2)\n"
        "net = compiled(keras.Sequential([keras.Input((4,)), hidden(), layers.Dense(3, "
        "activation=softmax, name='head')]))",
        GRAPHLESS,
        note="head uses the function softmax of your own",
    ),
    "Lambda layer": Way(
        "net = compiled(keras.Sequential([keras.Input((4,)), layers.Lambda(lambda z: z * 1.0), "
        "hidden(), head()]))",
        f"layers {GRAPHLESS}",
        note="Lambda layers run code of your own",
    ),
    # ── kinds of models ──
    "functional": Way("i = keras.Input((4,))\nnet = compiled(keras.Model(i, head()(hidden()(i))))"),
    "functional with an operation": Way(
        "i = keras.Input((4,))\nnet = compiled(keras.Model(i, head()(hidden()(i * 1.0))))",
    ),
    "nested": Way(
        "body = keras.Sequential([keras.Input((4,)), hidden()], name='body')\n"
        "net = compiled(keras.Sequential([keras.Input((4,)), body, head()]))"
    ),
    "nested and compiled with an own loss": Way(
        "body = keras.Sequential([keras.Input((4,)), hidden()], name='body')\n"
        "body.compile('sgd', lambda t, p: p)\n"
        "net = compiled(keras.Sequential([keras.Input((4,)), body, head()]))"
    ),
    "own layer in a Sequential": Way(
        "class Scaled(layers.Layer):\n    def call(self, z): return z * 1.0\n"
        "net = compiled(keras.Sequential([keras.Input((4,)), Scaled(), hidden(), head()]))",
        f"layers {GRAPHLESS}",
        note="Scaled is a layer class of your own",
    ),
    "own layer in a functional": Way(
        "class Scaled(layers.Layer):\n    def call(self, z): return z * 1.0\n"
        "i = keras.Input((4,))\nnet = compiled(keras.Model(i, head()(hidden()(Scaled()(i)))))",
        f"layers {GRAPHLESS}",
        note="Scaled is a layer class of your own",
    ),
    "subclassed and built": Way(
        "class Net(keras.Model):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n        self.a, self.b = hidden(), head()\n"
        "    def call(self, z): return self.b(self.a(z))\n"
        "net = compiled(Net())\nnet(x)",
        GRAPHLESS,
        note="Net is a model class of your own",
    ),
    "own train_step": Way(
        "class Net(keras.Model):\n"
        "    def train_step(self, data): return super().train_step(data)\n"
        "i = keras.Input((4,))\nnet = compiled(Net(i, head()(hidden()(i))))",
        GRAPHLESS,
        note="Net is a model class of your own",
    ),
    # ── built or not ──
    "unbuilt": Way(
        "net = compiled(keras.Sequential([hidden(), head()]))",
        "size drops",
    ),
    "built by fit": Way(
        "net = compiled(keras.Sequential([hidden(), head()]))\nnet.fit(x, y, epochs=1, verbose=0)"
    ),
    "layers of another model": Way(
        "reader = keras.Sequential([keras.Input((4,)), hidden(), head(), layers.Dense(2)])\n"
        "net = compiled(keras.Sequential(reader.layers[:-1]))"
    ),
    "layers of a functional one": Way(
        "i = keras.Input((4,))\nreader = keras.Model(i, layers.Dense(2)(head()(hidden()(i))))\n"
        "net = compiled(keras.Sequential(reader.layers[:-1]))"
    ),
    "input_shape on the layer": Way(
        "net = compiled(keras.Sequential([layers.Dense(8, 'relu', name='hidden', "
        "input_shape=(4,)), head()]))"
    ),
    "spelt tf.keras": Way(
        "net = tf.keras.models.Sequential([tf.keras.Input((4,)), "
        "tf.keras.layers.Dense(8, 'relu', name='hidden'), tf.keras.layers.Dense(3, 'softmax', "
        "name='head')])\nnet.compile(tf.keras.optimizers.Adam(learning_rate=0.01), "
        "tf.keras.losses.SparseCategoricalCrossentropy(), metrics=[tf.keras.metrics.sparse_categorical_accuracy])"
    ),
    "no model": Way(
        "net = plain().fit",
        "loss rate metric fits layers shape io alone size gradient learns drops setting",
    ),
    # ── handed over otherwise ──
    "from a function": Way("def build(): return compiled(plain())\nnet = build()"),
    "own layers from a function": Way(
        "class Scaled(layers.Layer):\n    def call(self, z): return z * 1.0\n"
        "def build(): return keras.Sequential([keras.Input((4,)), Scaled(), hidden(), head()])\n"
        "net = compiled(build())",
        f"layers {GRAPHLESS}",
        note="Scaled is a layer class of your own",
    ),
}
