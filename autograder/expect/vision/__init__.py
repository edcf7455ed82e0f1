"""Checks of images: convolution, masks, boxes, detectors, autoencoders."""

from autograder.expect.vision.boxes import box_iou, boxes_valid, nms
from autograder.expect.vision.detection import mean_average_precision
from autograder.expect.vision.masks import dice_iou_agree, instances, mask_valid, mean_iou

__all__ = [
    "box_iou",
    "boxes_valid",
    "dice_iou_agree",
    "instances",
    "mask_valid",
    "mean_average_precision",
    "mean_iou",
    "nms",
]
