// How much a program asks of the device: what its tests would cost on a GPU.
#pragma once

namespace emulated {

void count_launch();  // of a kernel, or of a recorded graph
void count_wait();    // for the device; giving memory back is not counted

}  // namespace emulated
