#pragma once
// Catch2 with our types printed by value; the runner's main is compiled once, in
// tests/support/main.cpp.

#include <catch2/catch.hpp>
