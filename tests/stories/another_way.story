# The text cannot reach her on WhatsApp: SMS is tried once, and then the rep calls.
given SMS as a second way
given the network only accepts
day 1 10:00 enrol Amara in gentle
day 1 10:02 failed 131026
day 1 10:03 failed 30003
day 1 10:10 maya dials
day 1 10:11 no answer
