"""The check vocabulary: a pure number first, then a verdict.

    from autograder import expect
    expect.output_shape(unet, (None, 64, 64, 1))
    expect.mean_iou(unet.predict(images), masks, at_least=0.8, partial_from=0.6)

The student's value comes first, then the truth; settings are keyword-only. A demand that is not
fully met raises `NotMet` with its credit and its words. `docs/checks.md` describes every check.
"""

from autograder.expect.arrays import (
    close,
    code_uses,
    dtype,
    fast_enough,
    finite,
    gradient_close,
    holds_property,
    in_range,
    input_unchanged,
    matches_reference,
    shape,
    signature,
    type_is,
    varies,
)
from autograder.expect.card import answer_saved, contract, time_budget
from autograder.expect.models import (
    compiled_as,
    dropout_works,
    frozen,
    gradient_reaches,
    initializer,
    layer_setting,
    layers_in_order,
    loss_fits_output,
    model_io,
    output_shape,
    param_count,
    predictions,
    regularized,
    samples_independent,
    saves_and_loads,
    skip_connections,
)
from autograder.expect.training import (
    accuracy,
    loss_drops,
    overfits_small_batch,
    reaches,
    regression_error,
    small_gap,
    weights_moved,
)
from autograder.expect.verdict import NotMet, Verdict, WrongSetting
from autograder.expect.vision import (
    box_iou,
    boxes_valid,
    dice_iou_agree,
    instances,
    mask_valid,
    mean_average_precision,
    mean_iou,
    nms,
)

# What only the student vouches for: a record, not a recomputation. Never quality points for these
# alone; `validate` warns an author whose criterion rests on nothing else.
CLAIMS = frozenset({"loss_curve", "learning_rates", "tuning_table"})

__all__ = [
    "CLAIMS",
    "NotMet",
    "Verdict",
    "WrongSetting",
    "accuracy",
    "answer_saved",
    "box_iou",
    "boxes_valid",
    "close",
    "code_uses",
    "compiled_as",
    "contract",
    "dice_iou_agree",
    "dropout_works",
    "dtype",
    "fast_enough",
    "finite",
    "frozen",
    "gradient_close",
    "gradient_reaches",
    "holds_property",
    "in_range",
    "initializer",
    "input_unchanged",
    "instances",
    "layer_setting",
    "layers_in_order",
    "loss_drops",
    "loss_fits_output",
    "mask_valid",
    "matches_reference",
    "mean_average_precision",
    "mean_iou",
    "model_io",
    "nms",
    "output_shape",
    "overfits_small_batch",
    "param_count",
    "predictions",
    "reaches",
    "regression_error",
    "regularized",
    "samples_independent",
    "saves_and_loads",
    "shape",
    "signature",
    "skip_connections",
    "small_gap",
    "time_budget",
    "type_is",
    "varies",
    "weights_moved",
]
