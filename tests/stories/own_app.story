# The rep wrote from the phone's own app: ours stays away, the call comes all the same.
given the network is slow
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:01 maya wrote from her own app
    -> cancel wellbeing
day 1 10:46 wake
    -> prompt silent    -> ring maya
