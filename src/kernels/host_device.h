#pragma once

// Marks arithmetic that runs on the host and, where nvcc compiles it, on the device.
#ifdef __CUDACC__
#define FER_HOST_DEVICE __host__ __device__
#else
#define FER_HOST_DEVICE
#endif
