#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace fer {

/// Names of signals that can ask a process to stop, as in "USR1".
std::vector<std::string> stop_signal_names();

/// The number of the signal of such a name. @throws Error (kUsage) for another name.
int stop_signal_number(const std::string& name);

/// From here on these signals no longer end the process but ask it to stop. May be called again; what was asked stays.
void listen_for_stop(std::initializer_list<int> signals);

/// The last signal that asked this process to stop; 0: none has.
int stop_signal();

}  // namespace fer
