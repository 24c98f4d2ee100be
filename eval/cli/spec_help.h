// How programs explain data-set specifications.
#pragma once

namespace odin {

inline constexpr const char* kSpecHelp = R"(SPEC is one of:
  cifar10:DIR, cifar10-train:DIR, cifar100:DIR, cifar100-train:DIR   the binary or the Python version
  idx:FILE                                                           grey images, padded to the network's size; the labels' file is found next to it
  svhn:FILE                                                          test_32x32.mat or another file of SVHN's 32 x 32 crops
  npy:FILE.npy, npy:FILE.npy#SEVERITY                                CIFAR-10-C: all images, or those of a severity from 1 to 5; labels.npy next to it
  folder:DIR                                                         PNG and JPEG images, at its top or in class folders
  uniform, gaussian                                                  noise)";

}  // namespace odin
