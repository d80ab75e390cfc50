"""Thresholds, ROC curves and their areas, under the name that the lessons use."""

from cnnlib.two_classes import auc, auc_interval, roc, sensitivity_specificity

__all__ = ["auc", "auc_interval", "roc", "sensitivity_specificity"]
