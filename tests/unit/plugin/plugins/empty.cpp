// Has the stamp, and no agents.
#include "myelin/plugin/register.hpp"
