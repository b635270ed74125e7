# A plain STOP: one confirmation, the rep is told, and that is all, whatever comes later.
given the network is slow
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:01 the text leaves
day 1 10:02 Amara writes "STOP"
    -> send stop_confirmation (whatsapp)    -> tell maya "Amara asked to stop. Nothing more will be sent."    -> end opted_out
day 1 10:03 Amara writes "Stop!"
day 2 10:00 Amara writes "Who is this?"
    -> tell maya "Amara wrote again after asking to stop."
day 3 10:00 enrol Amara in gentle
    -> refused suppressed
day 9 10:00 wake
