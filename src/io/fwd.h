#pragma once

namespace mr::io {
template <typename T>
class Task;
class Clock;
class Connection;
class Disk;
class File;
class Listener;
class Loop;
class Network;
class Random;
class SharedPage;
class Signal;
class TaskGroup;
class Worker;
struct World;
}  // namespace mr::io
