%% Erlang's side of `myelin bench agents`: the programs, timed inside one virtual machine.
%%
%% Reads lines "PROGRAM AGENTS MESSAGES WORKERS" and answers each with a line "ok NANOSECONDS RESULT" or "error WHY".
%% Ends with its input. Processes that a program begins with are there before its time starts; each program runs in a
%% process of its own, whose end takes the others with it.
-module(savina).
-export([main/0]).

main() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            io:put_chars(answer(string:lexemes(Line, " \n"))),
            main();
        _ ->
            halt(0)
    end.

answer([Program, Agents, Messages, Workers]) ->
    try
        erlang:system_flag(schedulers_online, list_to_integer(Workers)),
        {Nanoseconds, Result} = run(Program, list_to_integer(Agents), list_to_integer(Messages)),
        io_lib:format("ok ~b ~b~n", [Nanoseconds, Result])
    catch
        _:Reason -> io_lib:format("error ~0p~n", [Reason])
    end;
answer(_) ->
    "error expected: PROGRAM AGENTS MESSAGES WORKERS\n".

run(Program, Agents, Messages) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({finished, play(Program, Agents, Messages)}) end),
    receive
        {'DOWN', Monitor, process, Pid, {finished, Finish}} -> Finish;
        {'DOWN', Monitor, process, Pid, Reason} -> error(Reason)
    end.

timed(Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Result = Work(),
    {erlang:monotonic_time(nanosecond) - Start, Result}.

play("ping-pong", _, Rounds) ->
    Pong = spawn_link(fun pong/0),
    timed(fun() -> ping(Pong, 0, Rounds) end);
play("counting", _, Messages) ->
    Counter = spawn_link(fun() -> counter(0) end),
    timed(fun() -> count(Counter, Messages) end);
play("thread-ring", Agents, Hops) ->
    Self = self(),
    First = spawn_link(fun() -> receive {next, Next} -> ring(0, Next, Self) end end),
    Last = lists:foldl(
        fun(Number, Next) -> spawn_link(fun() -> ring(Number, Next, Self) end) end,
        First, lists:seq(Agents - 1, 1, -1)),
    First ! {next, Last},
    timed(fun() -> First ! Hops, receive {ended, Number} -> Number end end);
play("big", Agents, Pings) ->
    Sink = self(),
    Members = [spawn_link(fun() -> big(Number, Pings, Sink) end) || Number <- lists:seq(1, Agents)],
    Peers = list_to_tuple(Members),
    [Member ! {peers, Peers} || Member <- Members],
    timed(fun() ->
        [Member ! go || Member <- Members],
        add(pongs, Agents, 0)
    end);
play("skynet", Leaves, _) ->
    Self = self(),
    timed(fun() ->
        spawn_link(fun() -> skynet(Self, 0, Leaves) end),
        receive {sum, Sum} -> Sum end
    end);
play("flood", _, Messages) ->
    Self = self(),
    Receiver = spawn_link(fun() -> flood_receiver(Self, Messages, 0) end),
    timed(fun() ->
        flood(Receiver, Messages, 0),
        receive {received, Sum} -> Sum end
    end).

%% PingPong

ping(_, Rounds, Rounds) -> Rounds;
ping(Pong, Number, Rounds) ->
    Pong ! {self(), Number},
    receive Number -> ping(Pong, Number + 1, Rounds) end.

pong() -> receive {From, Number} -> From ! Number, pong() end.

%% Counting

count(Counter, 0) ->
    Counter ! {retrieve, self()},
    receive {count, Count} -> Count end;
count(Counter, Messages) ->
    Counter ! increment,
    count(Counter, Messages - 1).

counter(Count) ->
    receive
        increment -> counter(Count + 1);
        {retrieve, From} -> From ! {count, Count}
    end.

%% ThreadRing

ring(Number, Next, Main) ->
    receive
        0 -> Main ! {ended, Number};
        Hops -> Next ! Hops - 1, ring(Number, Next, Main)
    end.

%% Big: each pings others at random, one at a time, and answers them.

big(Number, Pings, Sink) ->
    Peers = receive {peers, All} -> All end,
    receive go -> ok end,
    big_next(Number, Pings, 0, Sink, Peers).

big_next(_, Pings, Pings, Sink, _) ->
    Sink ! {pongs, Pings},
    big_answer();
big_next(Random, Pings, Pongs, Sink, Peers) ->
    Next = (Random * 1103515245 + 12345) band 16#7fffffff,
    element(1 + (Next bsr 8) rem tuple_size(Peers), Peers) ! {ping, self()},
    big_wait(Next, Pings, Pongs, Sink, Peers).

big_wait(Random, Pings, Pongs, Sink, Peers) ->
    receive
        {ping, From} -> From ! pong, big_wait(Random, Pings, Pongs, Sink, Peers);
        pong -> big_next(Random, Pings, Pongs + 1, Sink, Peers)
    end.

big_answer() -> receive {ping, From} -> From ! pong, big_answer() end.

%% Skynet

skynet(Parent, First, 1) -> Parent ! {sum, First};
skynet(Parent, First, Leaves) ->
    Self = self(),
    Part = Leaves div 10,
    [spawn(fun() -> skynet(Self, First + Child * Part, Part) end) || Child <- lists:seq(0, 9)],
    Parent ! {sum, add(sum, 10, 0)}.

add(_, 0, Sum) -> Sum;
add(Tag, Count, Sum) -> receive {Tag, Value} -> add(Tag, Count - 1, Sum + Value) end.

%% One-way flood: windows of 1,024 messages, of which at most 4 are unanswered, as in the other sides.

flood(_, 0, _) -> ok;
flood(Receiver, Messages, 4) ->
    receive answer -> flood(Receiver, Messages, 3) end;
flood(Receiver, Messages, Open) ->
    Window = min(1024, Messages),
    flood_window(Receiver, Window),
    Receiver ! marker,
    flood(Receiver, Messages - Window, Open + 1).

flood_window(_, 0) -> ok;
flood_window(Receiver, Left) ->
    Receiver ! {number, 1},
    flood_window(Receiver, Left - 1).

flood_receiver(Sender, 0, Sum) ->
    Sender ! {received, Sum};
flood_receiver(Sender, Left, Sum) ->
    receive
        {number, Value} -> flood_receiver(Sender, Left - 1, Sum + Value);
        marker -> Sender ! answer, flood_receiver(Sender, Left, Sum)
    end.
