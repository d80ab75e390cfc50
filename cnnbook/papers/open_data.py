"""What publishers say of their data sets, and what others found in them.

The places are the sources: a paper with the section where it was read, or a publisher's own page.
"""

from cnnbook.papers import Fact, Paper

_COCO, _COCO_TERMS = "Lin et al. 2014, abstract", "cocodataset.org, terms of use"
_OPEN_IMAGES = "Kuznetsova et al. 2020, abstract"
_CIFAR = "cs.toronto.edu/~kriz/cifar.html"
_CARD = "cards of copies at Hugging Face"

CONTENTS = {
    "imagenet_train": Fact(1_281_167, _CARD, "secondary", "training images of ImageNet's challenge of 2012"),
    "imagenet_validation": Fact(
        50_000, _CARD, "secondary", "validation images of ImageNet's challenge of 2012"
    ),
    "imagenet_test": Fact(
        100_000,
        _CARD,
        "secondary",
        "test images of ImageNet's challenge of 2012, whose labels are not given out",
    ),
    "imagenet_gigabytes": Fact(
        155, _CARD, "secondary", "gigabytes of ImageNet's training and validation images"
    ),
    "imagenet_all_images": Fact(
        "14 million", "image-net.org, update of 17 September 2019", "read", "images of all of ImageNet"
    ),
    "imagenet_all_classes": Fact(
        "22 thousand", "image-net.org, update of 17 September 2019", "read", "classes of all of ImageNet"
    ),
    "coco_images": Fact(328_000, _COCO, "read", "images of COCO, roughly"),
    "coco_types": Fact(91, _COCO, "read", "types of object in COCO"),
    "coco_instances": Fact(2_500_000, _COCO, "read", "objects outlined in COCO, roughly"),
    "coco_2017_train": Fact(118_287, _CARD, "secondary", "training images of COCO's release of 2017"),
    "coco_2017_validation": Fact(5_000, _CARD, "secondary", "validation images of COCO's release of 2017"),
    "coco_2017_classes": Fact(80, _CARD, "secondary", "classes of object in COCO's release of 2017"),
    "coco_2017_gigabytes": Fact(
        19,
        "sama.com, page of Sama-COCO",
        "secondary",
        "gigabytes of COCO's training and validation images of 2017",
    ),
    "open_images": Fact(9_200_000, _OPEN_IMAGES, "read", "images of Open Images V4, roughly"),
    "open_images_labels": Fact(
        30_100_000, _OPEN_IMAGES, "read", "labels of whole images in Open Images V4, roughly"
    ),
    "open_images_concepts": Fact(
        19_800, _OPEN_IMAGES, "read", "concepts that the labels of Open Images V4 are of, roughly"
    ),
    "open_images_labels_by": Fact(
        "programs; people verified a part",
        "README of openimages/dataset",
        "read",
        "who gave whole images of Open Images their labels",
    ),
    "open_images_boxes": Fact(
        15_400_000, _OPEN_IMAGES, "read", "boxes around objects in Open Images V4, roughly"
    ),
    "open_images_box_classes": Fact(600, _OPEN_IMAGES, "read", "classes of the boxes in Open Images V4"),
    "open_images_boxed": Fact(
        1_900_000, _OPEN_IMAGES, "read", "images of Open Images V4 that have boxes, roughly"
    ),
    "open_images_gigabytes": Fact(
        561,
        "README of cvdfoundation/open-images-dataset",
        "read",
        "gigabytes of the images with boxes in Open Images V4, made smaller",
    ),
    "mnist_train": Fact(60_000, "Yadav and Bottou 2019, section 1", "read", "training images of MNIST"),
    "mnist_test": Fact(10_000, "Yadav and Bottou 2019, section 1", "read", "test images of MNIST"),
    "fashion_train": Fact(
        60_000, "README of zalandoresearch/fashion-mnist", "read", "training images of Fashion-MNIST"
    ),
    "fashion_test": Fact(
        10_000, "README of zalandoresearch/fashion-mnist", "read", "test images of Fashion-MNIST"
    ),
    "cifar10_per_class": Fact(6_000, _CIFAR, "read", "images of each class of CIFAR-10"),
    "cifar10_md5": Fact(
        "c32a1d4ab5d03f1284b67883e8d87530", _CIFAR, "read", "MD5 of CIFAR-10's binary archive"
    ),
    "cifar10_megabytes": Fact(162, _CIFAR, "read", "megabytes of CIFAR-10's binary archive"),
    "cifar100_classes": Fact(100, _CIFAR, "read", "classes of CIFAR-100"),
    "cifar100_superclasses": Fact(20, _CIFAR, "read", "superclasses of CIFAR-100"),
    "cifar100_per_class": Fact(
        "500 for training, 100 for testing", _CIFAR, "read", "images of each class of CIFAR-100"
    ),
    "cifar_from": Fact("80 million tiny images", _CIFAR, "read", "what CIFAR's pictures were taken from"),
    "medmnist_images": Fact(708_069, "medmnist.com", "read", "flat images in MedMNIST v2"),
    "medmnist_sets": Fact(12, "medmnist.com", "read", "data sets of flat images in MedMNIST v2"),
    "pneumonia_images": Fact(
        {"train": 4_708, "validation": 524, "test": 624},
        "medmnist 3.0.2, info.py",
        "read",
        "images of PneumoniaMNIST",
    ),
    "pneumonia_children": Fact(
        "one to five years old, one hospital in Guangzhou",
        "cards of copies of Kermany et al. 2018",
        "secondary",
        "whose chests PneumoniaMNIST shows",
    ),
}

TERMS = {
    "coco_annotations_licence": Fact("CC BY 4.0", _COCO_TERMS, "read", "licence of COCO's annotations"),
    "coco_images_licence": Fact(
        "not COCO's own, Flickr's terms", _COCO_TERMS, "read", "licence of COCO's images"
    ),
    "open_images_annotations_licence": Fact(
        "CC BY 4.0", "README of openimages/dataset", "read", "licence of the annotations of Open Images"
    ),
    "open_images_licence": Fact(
        "listed as CC BY 2.0, to be verified for each",
        "README of openimages/dataset",
        "read",
        "licence of the images of Open Images",
    ),
    "medmnist_use": Fact("not clinical", "medmnist.com", "read", "use that MedMNIST is meant for"),
}

_NORTHCUTT, _BARZ = "Northcutt et al. 2021, abstract", "Barz and Denzler 2020, abstract"
_RECHT = "Recht et al. 2019, abstract"
_YANG = "two that quote Yang et al. 2020, section 4.2"
_STATEMENT = "two that quote the authors' statement"

_LABELS = {
    "label_errors_mean": Fact(3.3, _NORTHCUTT, "read", "% of wrong labels, at least, mean of ten test sets"),
    "label_errors_imagenet": Fact(
        6, _NORTHCUTT, "read", "% of wrong labels, at least, in ImageNet's validation images"
    ),
    "label_errors_imagenet_count": Fact(
        2_916,
        "two that quote the paper's first version",
        "secondary",
        "wrong labels counted in ImageNet's validation images",
    ),
    "label_errors_confirmed": Fact(
        51, _NORTHCUTT, "read", "% of the labels a program suspected that people called wrong"
    ),
    "label_errors_mnist": Fact(
        15, "l7.curtisnorthcutt.com/label-errors", "read", "wrong labels among MNIST's test images"
    ),
    "label_errors_cifar10": Fact(
        0.54, "Northcutt et al. 2021, table", "memory", "% of wrong labels in CIFAR-10's test images"
    ),
    "label_errors_cifar100": Fact(
        5.85, "Northcutt et al. 2021, table", "memory", "% of wrong labels in CIFAR-100's test images"
    ),
    "imagenet_new_labels": Fact(
        "substantially smaller",
        "Beyer et al. 2020, abstract",
        "read",
        "progress on ImageNet since then, by new labels, against progress by the old ones",
    ),
    "coco_errors": Fact(
        "imprecise outlines, objects left out, wrong classes",
        "Singh et al. 2024, abstract",
        "read",
        "errors found in COCO 2017",
    ),
    "coco_objects": Fact(896_782, "sama.com, page of Sama-COCO", "read", "objects outlined in COCO 2017"),
    "coco_objects_anew": Fact(
        1_115_464,
        "sama.com, page of Sama-COCO",
        "read",
        "objects outlined in the images of COCO 2017 when they were annotated anew",
    ),
}

_IMAGES = {
    "cifar10_duplicates": Fact(
        3.3, _BARZ, "read", "% of CIFAR-10's test images with a near-duplicate in training"
    ),
    "cifar100_duplicates": Fact(
        10, _BARZ, "read", "% of CIFAR-100's test images with a near-duplicate in training"
    ),
    "duplicates_drop": Fact(
        (9, 14), _BARZ, "read", "% by which accuracies fall, relatively, without the duplicates"
    ),
    "fashion_duplicates": Fact(
        "yes", "Geier 2019, abstract", "read", "Fashion-MNIST's test images have near-duplicates in training"
    ),
    "cifar10_new_drop": Fact(
        (3, 15), _RECHT, "read", "points of accuracy that networks lose on new test images for CIFAR-10"
    ),
    "imagenet_new_drop": Fact(
        (11, 14), _RECHT, "read", "points of accuracy that networks lose on new test images for ImageNet"
    ),
    "new_order": Fact("kept", _RECHT, "read", "order of the networks on new test images"),
    "mnist_writers": Fact(
        "2,000 employees of the census for training, 500 pupils for testing",
        "Yadav and Bottou 2019, section 1",
        "read",
        "who wrote the digits that NIST gave out, before MNIST mixed them",
    ),
    "mnist_lost": Fact(
        50_000, "Yadav and Bottou 2019, section 1", "read", "test images of MNIST that were never given out"
    ),
    "mnist_easy": Fact(
        99.7,
        "README of zalandoresearch/fashion-mnist",
        "read",
        "% right that convolutional networks reach on MNIST",
    ),
    "fashion_people": Fact(
        83.5,
        "README of zalandoresearch/fashion-mnist",
        "read",
        "% right that people without training reach on Fashion-MNIST, three for each image",
    ),
}

_PEOPLE = {
    "person_classes": Fact(2_832, _YANG, "secondary", "classes of people in all of ImageNet"),
    "person_unsafe": Fact(
        1_593, _YANG, "secondary", "classes of people in all of ImageNet that are called by offensive words"
    ),
    "person_safe": Fact(1_239, _YANG, "secondary", "classes of people in all of ImageNet without those"),
    "person_visible": Fact(
        158, _YANG, "secondary", "classes of people among those left that can be seen in a picture"
    ),
    "person_challenge": Fact(
        3, "onezero.medium.com, 19 March 2021", "secondary", "classes of people among ImageNet's 1,000"
    ),
    "faces_blurred": Fact(
        243_198,
        "Wired, March 2021, reprinted",
        "secondary",
        "images of ImageNet's 1,000 classes whose faces the publisher has blurred since",
    ),
    "tiny_images": Fact(79_302_017, "Wikipedia", "secondary", "images of 80 million tiny images"),
    "tiny_withdrawn": Fact(
        "29 June 2020",
        _STATEMENT,
        "secondary",
        "day on which the authors of 80 million tiny images withdrew it",
    ),
    "tiny_reason": Fact(
        "offensive classes and images, too many to look through",
        _STATEMENT,
        "secondary",
        "why 80 million tiny images was withdrawn",
    ),
    "places": Fact(
        "North America and Europe",
        "Shankar et al. 2017, abstract",
        "read",
        "where too many pictures of ImageNet and Open Images are from",
    ),
}

OPEN_DATA = Paper(
    citation="open_data",
    title="Data sets that are posted for all",
    facts={**CONTENTS, **TERMS, **_LABELS, **_IMAGES, **_PEOPLE},
)
