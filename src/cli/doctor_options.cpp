#include "cli/doctor_options.h"

#include "cli/option_parser.h"

namespace fer {

DoctorOptions parse_doctor_options(int argc, const char* const* argv) {
  DoctorOptions options;
  OptionTable table(
      "Checks this machine, or all hosts of an allocation, for what training needs.\n\n"
      "  fer_doctor                           one process\n"
      "  mpirun -np N fer_doctor              the ranks of a job, and how they reach each other\n"
      "  mpirun -np N fer_doctor --all-reduce how long they take to add up gradients\n\n"
      "Start it as the training would be started. It tells, host by host, of build, ranks, threads in MPI\n"
      "and HDF5, cores, memory, the GPU of each rank, network interfaces and which of them MPI and NCCL\n"
      "take, clocks, room in /dev/shm, limits of locked memory and open files; whether the folder takes\n"
      "HDF5 files and gives them back, its free space in checkpoints and locks of files; and whether the\n"
      "ranks reach each other. What is not in order is said with what to do, and the exit code is not 0\n"
      "then. A WARNING leaves it 0; fer_dist_train gives those of network, clocks, /dev/shm and limits,\n"
      "too.\n");
  add_general_group(table, options.quiet);
  // A table, in columns of its own.
  // clang-format off
  table.add_group("Checks")
      ("folder", setting(options.folder, "DIR"), "where runs or datasets shall be written")
      ("device", setting(options.device, "auto|cpu|cuda"), "auto: the GPU of this rank if there is one")
      ("backend", setting(options.backend, "auto|mpi|nccl"), "how gradients travel; auto: nccl on GPUs, mpi on CPUs");
  table.add_group("Speed")
      ("all-reduce", po::bool_switch(&options.all_reduce),
       "times of 256 KiB to 64 MiB as CSV, for launch/predict_scaling.py; two ranks or more")
      ("out", setting(options.out, "FILE"), "write them there instead of to standard output");
  // clang-format on
  table.end_help_with(
      {{ExitCode::kOk, ExitCode::kUsage, ExitCode::kBadInput, ExitCode::kInternal, ExitCode::kIo, ExitCode::kPeer},
       {threads_variable()},
       {"fer_doctor --folder runs", "mpirun -np 8 --host node1:4,node2:4 fer_doctor --all-reduce --out times.csv"}});
  const auto command_line = table.parse_command_line(argc, argv);
  options.text_to_print = table.text_asked_for(command_line, "fer_doctor");
  if (!options.text_to_print.empty()) return options;
  table.merge({command_line});
  require_one_of("device", options.device, {"auto", "cpu", "cuda"});
  require_one_of("backend", options.backend, {"auto", "mpi", "nccl"});
  require(options.out.empty() || options.all_reduce, ExitCode::kUsage, "--out goes with --all-reduce.");
  require(!names(command_line, "folder") || !options.all_reduce, ExitCode::kUsage,
          "--all-reduce measures the network; --folder goes without it.");
  return options;
}

}  // namespace fer
